"""The room of the image network: the orders of the day, images without a patient, and the devices they come from."""
