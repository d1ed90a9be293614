"""The front desk: the application put together, its pages, and the command line. Nobody imports it."""
