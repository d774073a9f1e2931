"""What the service counts, in a registry that is handed in: a house has its own, and so has a test.

    metrics = Metrics(CollectorRegistry())
    metrics.replied(250, "live")

Labels come from small closed sets (reply codes, reasons, outcomes), never from mail, so that their number is bounded.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# A commit waits for a disk (tenths of milliseconds to seconds); a decision stays in memory (microseconds).
_COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
# A scan waits for clamd: milliseconds for a letter, seconds for an archive, and never longer than its deadline.
_SCAN_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)
_DECISION_BUCKETS = (0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)


class JobMetrics:
    """What a house counts of jobs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.states = Gauge("lastpost_jobs", "Jobs on record, by state.", ["state"], registry=registry)
        self.messages = Counter(
            "lastpost_job_messages", "Messages of jobs settled by this service: moved or named.", registry=registry
        )
        self.octets = Counter("lastpost_job_octets", "Octets of these messages.", registry=registry)
        self.hosts_resting = Gauge(
            "lastpost_hosts_resting", "Hosts that have asked all jobs for patience.", ["provider"], registry=registry
        )

    def moved(self, messages: int, octets: int) -> None:
        """Count messages whose outcome is known; from any thread."""
        self.messages.inc(messages)
        self.octets.inc(octets)


class Metrics:
    """The counters, gauges and histograms of one house."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.replies = Counter(
            "lastpost_replies", "SMTP replies to RCPT and the end of data.", ["code", "because"], registry=registry
        )
        self._replies: dict[tuple[int, str], Counter] = {}  # finding a label anew costs more than counting
        self.messages_accepted = Counter(
            "lastpost_messages_accepted", "Messages answered 250 after they were durable.", registry=registry
        )
        self.octets = Counter("lastpost_octets_accepted", "Octets of messages accepted.", registry=registry)
        self.deliveries = Counter(
            "lastpost_deliveries", "Attempts to deliver to one recipient, by outcome.", ["outcome"], registry=registry
        )
        self.first_tries = Counter(
            "lastpost_first_tries",
            "First attempts inside a session: ended there, refused to its client, or adopted by the outbox.",
            ["outcome"],
            registry=registry,
        )
        self.queue = Gauge("lastpost_queue", "Deliveries that are not made, by state.", ["state"], registry=registry)
        self.oldest = Gauge(
            "lastpost_queue_oldest_seconds", "Age of the oldest message that still has to go out.", registry=registry
        )
        self.scans = Counter(
            "lastpost_scans", "Virus checks: clean, infected, unread or away.", ["outcome"], registry=registry
        )
        self.scan_seconds = Histogram(
            "lastpost_scan_seconds", "Time of a virus check.", buckets=_SCAN_BUCKETS, registry=registry
        )
        self.jobs = JobMetrics(registry)
        self.sessions = Gauge("lastpost_sessions", "SMTP sessions open now.", registry=registry)
        self.role_up = Gauge("lastpost_role_up", "1 where a role serves, else 0.", ["role"], registry=registry)
        self.commit_seconds = Histogram(
            "lastpost_commit_seconds", "Time until a commit was durable.", buckets=_COMMIT_BUCKETS, registry=registry
        )
        self.decision_seconds = Histogram(
            "lastpost_decision_seconds", "Time to judge one recipient.", buckets=_DECISION_BUCKETS, registry=registry
        )

    def replied(self, code: int, because: str) -> None:
        """Count one SMTP reply and its reason."""
        counter = self._replies.get((code, because))
        if counter is None:
            counter = self._replies[code, because] = self.replies.labels(str(code), because)
        counter.inc()

    def accepted(self, octets: int) -> None:
        """Count one durable message and its size."""
        self.messages_accepted.inc()
        self.octets.inc(octets)

    def delivered(self, outcome: str) -> None:
        """Count one attempt to deliver to one recipient."""
        self.deliveries.labels(outcome).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
