"""How the tables came to be, one revision at a time; found by Alembic as ``clinic_app.storage:migrations``."""
