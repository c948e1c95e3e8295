"""Who works on the applications: pipelines, engineers and AWS's own services, as they appear in the trail."""

import numpy as np

from workers.sandbox.estate.trail import Actor

PIPELINE = Actor(
    "GitHubActions", role="deploy-pipeline", agent="Boto3/1.35.71 md/Botocore#1.35.71", address="4.227.36.118"
)
AUTOSCALING = Actor("application-autoscaling", service="ecs.application-autoscaling.amazonaws.com")
GROUP_SCALING = Actor("autoscaling", service="autoscaling.amazonaws.com")
SCHEDULE = Actor("events", service="events.amazonaws.com")
COLLECTOR = Actor(
    "inventory", role="inventory-collector", agent="aws-sdk-go-v2/1.32.6", address="198.51.100.90"
)
ENGINEERS = tuple(
    Actor(name, role="AWSReservedSSO_Engineer_6f1d20c4", address=address)
    for name, address in (
        ("maria.kowalski", "203.0.113.41"),
        ("tom.becker", "203.0.113.77"),
        ("aisha.rahman", "198.51.100.203"),
        ("jonas.lind", "192.0.2.18"),
    )
)


def somebody(rng: np.random.Generator) -> Actor:
    """One of the engineers."""
    return ENGINEERS[int(rng.integers(len(ENGINEERS)))]
