"""The estate: what stands in the account (services, tasks, alarms, logs, the trail of changes) as time passes."""
