"""The district's question to a specialist: ServiceRequest and Task, and their evidence as one sealed package."""
