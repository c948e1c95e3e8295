"""The estate: what stands in the account, services, tasks, alarms, logs and the trail, as time passes."""
