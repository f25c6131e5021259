"""What lies between a plate and a camera's picture: light, weather, lens, sensor, compression."""
