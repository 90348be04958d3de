"""The documented frame for ECG amplifiers on a serial or USB cable (``docs/devices/serial-ecg.md``)."""
