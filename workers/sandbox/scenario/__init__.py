"""Cases: what goes wrong in which application and when, what else happens, and the truth about it."""
