"""The programs of a worker and of the scanner: processes, their queues, what runs beside."""
