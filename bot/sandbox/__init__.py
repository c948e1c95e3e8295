"""A local stand-in for Slack: Web API, Socket Mode and a page for people.

The product reaches it by URL only.
"""
