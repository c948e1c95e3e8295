"""The front: takes signed AWS requests off the wire, checks who may do what, and answers from the world."""
