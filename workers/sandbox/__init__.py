"""A local cloud: an AWS that answers from a simulation of running applications. Reached only by URL."""
