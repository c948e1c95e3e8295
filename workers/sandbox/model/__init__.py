"""The simulation: what an application is made of, and what its telemetry does when a parameter changes."""
