"""What we say in Slack: pure cards, the fitting into Slack's limits, and the publisher."""
