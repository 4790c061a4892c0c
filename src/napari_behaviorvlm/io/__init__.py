"""Reading and writing: project store, videos, calibrations, tables and exports."""
