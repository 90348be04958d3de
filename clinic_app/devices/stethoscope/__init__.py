"""Digital stethoscopes: those that this computer knows as a microphone."""
