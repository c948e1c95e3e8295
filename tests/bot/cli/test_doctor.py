"""`runbook doctor`: every read tried once, what is missing named, and the policies it takes."""

import json

from tests.bot.cli.seeing import Terminal


def test_what_can_be_read_is_counted_and_what_is_missing_named(terminal: Terminal) -> None:
    seen = terminal.run("doctor")

    assert seen.code == 0, seen.err + seen.out
    lines = seen.out.splitlines()
    assert lines[0].startswith("Listed: ")
    assert "3 s3-buckets" in lines[0]
    shares = dict(line.split(": ", 1) for line in lines if line.startswith("With "))
    assert list(shares) == ["With metrics", "With logs", "With changes", "With dependencies"]
    assert "fernhill-invoices" not in shares["With changes"]
    assert "• ec2-instances" not in seen.out
    assert "• ebs-volumes: ec2:DescribeVolumes" in seen.out
    assert lines[-1] == "Everything that an investigation reads can be read."


def test_what_an_investigation_cannot_read_is_code_2(terminal: Terminal) -> None:
    terminal.cloud.play("bad_deployment", seed=3, deny=["rds:DescribeDBInstances", "cloudtrail:LookupEvents"])
    try:
        seen = terminal.run("doctor", "--json")
    finally:
        terminal.cloud.play("bad_deployment", seed=3)

    assert seen.code == 2
    (told,) = json.loads(seen.out).values()
    assert {gap["permission"] for gap in told["needed"]} == {
        "rds:DescribeDBInstances",
        "cloudtrail:LookupEvents",
    }
    assert told["coverage"]["With changes"][0] == 0
    assert all(0 <= seen <= of for seen, of in told["coverage"].values())


def test_policies_are_printed_without_looking_anywhere(terminal: Terminal) -> None:
    worker = json.loads(terminal.run("doctor", "--policy", "worker").out)
    executor = json.loads(terminal.run("doctor", "--policy", "executor").out)

    assert [one["Sid"] for one in worker["Statement"]] == ["Read"]
    assert [one["Sid"] for one in executor["Statement"]] == ["Read", "Change"]
    assert "ecs:UpdateService" in executor["Statement"][1]["Action"]
    assert "ecs:UpdateService" not in worker["Statement"][0]["Action"]
