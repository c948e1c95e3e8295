"""Cases: which application, what goes wrong in it and when, what else happens around it, and the truth about it."""
