"""S5: approvals and records that are tampered with, planted or replayed. None is accepted.

The attacker may write every object of the store. Some attackers are approvers too, whose own key
signs what they like. A forgery is accepted if a reader takes the stage for moved by it.
"""

import random
import runpy
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
import pytest

from keepfit.config.schema.release import Promote as Rules
from keepfit.digest import canonical, sha256
from keepfit.errors import KeepfitError
from keepfit.lifecycle.releasing import trust
from keepfit.lifecycle.releasing.trust import Trust, vouched
from keepfit.store import keys
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.log import checkpoint
from keepfit.store.log.events import Approve, Judged, Promote
from keepfit.store.log.fold import fold
from keepfit.store.log.reading import unchained
from keepfit.store.log.seen import Seen
from keepfit.store.log.shortcut import Hint
from keepfit.store.log.statement import statement
from keepfit.store.log.tape import Log
from keepfit.store.registry import Registry

STAGE, MODEL = "production", "fare"
WRITING = runpy.run_path(str(Path(__file__).parents[1] / "store" / "writer.py"))
NAMES = ("bob", "robert", "cy", "di", "ana", "eve", "mallory", "")
TIMES = ("2026-01-01T00:00:00+00:00", "2020-01-01", "2030-01-01T00:00:00+00:00", "soon", "")
replace = msgspec.structs.replace


@dataclass
class Forger:
    """A true history, and whoever may write all over it."""

    objects: dict
    trust: Trust
    keyring: object
    manifests: dict  # by version
    events: list = field(default_factory=list)  # the true ones
    made: dict = field(default_factory=dict)  # signatures, which cost a process each

    def __post_init__(self):
        found = sorted(key for key in self.objects if keys.seq_of(key) is not None)
        self.events = [unchained(key, self.objects[key], seq=i) for i, key in enumerate(found)]

    @property
    def true(self):
        """The promotion that stands."""
        return [e for e in self.events if isinstance(e, Promote)][-1]

    @property
    def approvals(self):
        return [e for e in self.events if isinstance(e, Approve)]

    @property
    def signatures(self):
        return [e.signature for e in self.events if getattr(e, "signature", "")]

    def chained(self, events):
        """The same records, each with its place and the digest of the one before."""
        done = []
        for seq, event in enumerate(events):
            prev = sha256(canonical(done[-1])) if done else None
            done.append(replace(event, seq=seq, prev=prev))
        return done

    def with_log(self, events):
        """The store with this log in the place of the true one."""
        objects = {k: v for k, v in self.objects.items() if keys.seq_of(k) is None}
        return objects | {keys.record(MODEL, e.seq): canonical(e) for e in events}

    def and_then(self, *planted):
        """The true log and more, signed by the keys that are named for it."""
        log = list(self.events)
        for event, key in planted:
            last = sha256(canonical(log[-1]))
            placed = replace(event, seq=len(log), prev=last)
            log.append(self.signed(key, placed) if key else placed)
        return log

    def signed(self, key, event):
        message = statement(MODEL, self.manifests[event.version], event)
        if (key, message) not in self.made:
            self.made[key, message] = self.keyring.raw(key, message)
        return replace(event, signature=self.made[key, message])

    def read(self, objects, trust=None, seen=None):
        """What the stage holds for a new reader; None where it refuses to say."""
        store = MemoryStore()
        store._objects = dict(objects)
        registry = Registry(store, clock=None, actor="reader", seen=seen)
        try:
            vouched(trust or self.trust, registry, STAGE)
            return registry.state(MODEL).stages.get(STAGE)
        except KeepfitError:
            return None

    def accepted(self, objects):
        """Whether a reader believes anything else than the truth.

        Who cuts the log takes a new reader back to what was true once; nobody else can tell. Who
        has read the log before can.
        """
        held = self.read(objects)
        if held is None or canonical(held) == canonical(self.true):
            return False
        if canonical(held) not in {canonical(event) for event in self.events}:
            return True
        seen = Seen(self.keyring.folder / "seen.json", "here")
        seen.note(Log(MODEL, fold(self.events), sha256(canonical(self.events[-1]))))
        return self.read(objects, seen=seen) is not None

    def lands(self, objects):
        """Whether a reader would believe it who asks for no signature."""
        held = self.read(objects, Trust(MODEL, self.trust.rules))
        return held is None or canonical(held) != canonical(self.true)


# --- the forgeries: from a history and chance to the objects of a store ---------------------------


def flipped_bit(forger, rng):
    """One bit of one record."""
    key = rng.choice([k for k in forger.objects if keys.seq_of(k) is not None])
    data = bytearray(forger.objects[key])
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return forger.objects | {key: bytes(data)}


def changed_field(forger, rng):
    """One field of one record says something else, and all that follow are chained anew."""
    log = list(forger.events)
    place = rng.randrange(len(log))
    log[place] = changed(log[place], rng)
    return forger.with_log(forger.chained(log))


def another_order(forger, rng):
    """A record is left out, told twice, or comes later."""
    log = list(forger.events)
    place = rng.randrange(len(log) - 1)
    match rng.randrange(3):
        case 0:
            del log[place]
        case 1:
            log.insert(rng.randrange(len(log)), replace(log[place], op=f"again{rng.random()}"))
        case _:
            log[place], log[place + 1] = log[place + 1], log[place]
    return forger.with_log(forger.chained(log))


def planted_promotion(forger, rng):
    """By somebody without a key that counts."""
    event = promotion(forger, rng)
    outsider = rng.choice([None, None, "eve", "mallory"])
    return forger.with_log(forger.and_then((event, outsider)))


def replayed_approvals(forger, rng):
    """Signatures of before, on records that say something else, and a promotion by them."""
    wanted = rng.choice(list(forger.manifests))
    copies = []
    for old in rng.choices(forger.approvals, k=rng.randint(1, 3)):
        copy = replace(old, op=f"copy{rng.random()}", version=wanted, expect=forger.true.seq)
        copies.append((changed(copy, rng) if rng.random() < 0.5 else copy, None))
    log = forger.and_then(*copies)
    named = tuple(range(len(forger.events), len(log)))
    event = promotion(forger, rng, version=wanted, how="approval", approvals=named)
    key = rng.choice([None, "bob", "cy", "eve"])
    return forger.with_log(forger.and_then(*copies, (event, key)))


def one_approver_alone(forger, rng):
    """An approver signs the promotion, and approvals under all names there are."""
    wanted = rng.choice(list(forger.manifests))
    evidence = {e.version: e.evidence for e in forger.events if isinstance(e, Judged)}[wanted]
    mine, keys_at_hand = [], rng.choice([("bob",), ("bob", "ana"), ("bob", "eve"), ("eve",)])
    for number in range(rng.randint(0, 3)):
        event = Approve(
            seq=0,
            prev=None,
            op=f"mine{number}",
            actor=rng.choice(NAMES),
            at=forger.true.at,
            version=wanted,
            stage=STAGE,
            evidence=evidence,
            expect=forger.true.seq,
        )
        mine.append((event, rng.choice(keys_at_hand)))
    pool = [*range(len(forger.events), len(forger.events) + len(mine))]
    pool += [e.seq for e in forger.approvals]
    named = tuple(pool if rng.random() < 0.5 else rng.choices(pool, k=rng.randint(1, 5)))
    how = rng.choice(["approval"] * 5 + ["gate", "", "signed"])
    at = rng.choice([forger.true.at, forger.approvals[-1].at])
    event = promotion(forger, rng, version=wanted, how=how, approvals=named, at=at)
    event = replace(event, actor=rng.choice(["bob", "robert", "cy"]))
    return forger.with_log(forger.and_then(*mine, (event, rng.choice(keys_at_hand))))


def lying_advice(forger, rng):
    """A checkpoint and a hint that tell of a promotion which the log has not."""
    events = forger.and_then((promotion(forger, rng), None))
    state, head = fold(events), sha256(canonical(events[-1]))
    seq = len(events) - 1
    hint = Hint(seq=seq, ckpt=seq, head=head, tail=())
    lies = {
        keys.checkpoint(MODEL, seq, head): checkpoint.encode(state, head),
        keys.hint(MODEL): canonical(hint),
    }
    if rng.random() < 0.5:  # one that hides the newest promotion, at the place of a true record
        last = forger.events[-1]
        head = sha256(canonical(last))
        early = [e for e in forger.events if e.seq < forger.true.seq]
        state = fold(early)
        state.next = last.seq + 1
        lies = {
            keys.checkpoint(MODEL, last.seq, head): checkpoint.encode(state, head),
            keys.hint(MODEL): canonical(Hint(seq=last.seq, ckpt=last.seq, head=head, tail=())),
        }
    return forger.objects | lies


FORGERIES = (
    flipped_bit,
    changed_field,
    another_order,
    planted_promotion,
    replayed_approvals,
    one_approver_alone,
    lying_advice,
)


def promotion(forger, rng, **facts):
    """A promotion that the rules of the log let count."""
    said = [e.seq for e in forger.approvals]
    return Promote(
        **{
            "seq": 0,
            "prev": None,
            "op": f"planted{rng.random()}",
            "actor": rng.choice(NAMES),
            "at": rng.choice([forger.true.at, *TIMES]),
            "version": rng.choice(list(forger.manifests)),
            "stage": STAGE,
            "expect": forger.true.seq,
            "how": rng.choice(["approval", "approval", "gate", "force", "rollback", "", "signed"]),
            "approvals": tuple(rng.choices(said, k=rng.randrange(4))),
            "signature": rng.choice(["", "AAAA", *forger.signatures]),
            **facts,
        }
    )


def changed(event, rng):
    """The record with one field that says something else."""
    name = rng.choice([f for f in event.__struct_fields__ if f not in ("seq", "prev")])
    value = getattr(event, name)
    match value:
        case bool():
            other = not value
        case int():
            other = value + rng.choice([-1, 1, 7])
        case tuple():
            other = (*value, *value[:1]) if value and rng.random() < 0.5 else ()
        case _ if name in ("expires", "at"):
            other = rng.choice([None, *TIMES]) if name == "expires" else rng.choice(TIMES)
        case _ if name == "expect":
            other = rng.randrange(40)
        case _ if name == "actor":
            other = rng.choice(NAMES)
        case _:
            text = value or ""
            place = rng.randrange(len(text) + 1)
            other = text[:place] + rng.choice("0aZ=") + text[place + 1 :]
    return replace(event, **{name: other})


# --- the proof ------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _once(monkeypatch):
    """The same signature of the same bytes is verified once: each costs a process."""
    monkeypatch.setattr(trust, "holds", cache(trust.holds))


@pytest.fixture(scope="module")
def forger(tmp_path_factory, need_ssh, keyring_at):
    """A history in which two of bob, cy and di must approve, and ana is the author.

    1.0.0 was approved and promoted, then 1.0.1. 1.0.2 passed: bob has approved it, cy's yes has
    expired, ana approved her own work, eve had a key once, and di approved it for staging. 1.0.3
    failed, and two approved it.
    """
    keyring = keyring_at(tmp_path_factory.mktemp("forgeries"))
    lines = [keyring.line(name) for name in ("bob", "cy", "di", "ana")]
    allowed = "".join([*lines, keyring.line("bob", "robert")])
    keyring.signers.write_text(allowed + keyring.line("eve"))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    store = MemoryStore()
    registry = Registry(store, clock=lambda: now, actor="ana")
    made = []
    for number, outcome in enumerate(("pass", "pass", "warn", "fail")):
        files = WRITING["FILES"] | {"evidence.json": b"%d" % number}
        made.append(WRITING["publish"](registry, f"op{number}", files=files))
        evidence = registry.state(MODEL).versions[made[-1]].evidence
        registry.judged(MODEL, made[-1], evidence=evidence, outcome=outcome)

    def held():
        current = registry.state(MODEL).stages.get(STAGE)
        return current.seq if current else None

    def approve(version, name, stage=STAGE, **how):
        evidence = registry.state(MODEL).versions[version].evidence
        facts = {"evidence": evidence, "expect": held(), "signer": keyring.signer(name), **how}
        return registry.approve(MODEL, version, stage, **facts).next - 1

    for version in made[:2]:
        said = (approve(version, "bob"), approve(version, "cy"))
        facts = {"how": "approval", "approvals": said, "signer": keyring.signer("cy")}
        registry.promote(MODEL, version, STAGE, expect=held(), **facts)
        now += timedelta(days=1)
    for name, how in {"bob": {}, "cy": {"expires": now.isoformat()}, "ana": {}, "eve": {}}.items():
        approve(made[2], name, **how)
    approve(made[2], "di", "staging")
    for name in ("bob", "di"):
        approve(made[3], name)
    keyring.signers.write_text(allowed)  # eve is none of them any more
    rules = Rules.model_validate({"approvers": 2, "four_eyes": True})
    manifests = {v.version: v.manifest for v in registry.state(MODEL).versions.recent.values()}
    return Forger(dict(store._objects), Trust(MODEL, rules, keyring.signers), keyring, manifests)


def attack(forger, count, seed):
    """How many forgeries of each kind landed, and which were accepted."""
    rng = random.Random(seed)
    landed, accepted = Counter(), []
    for number in range(count):
        forge = FORGERIES[number % len(FORGERIES)]
        objects = forge(forger, rng)
        if forger.accepted(objects):
            accepted.append((forge.__name__, forger.read(objects)))
        if number < 40 * len(FORGERIES):
            landed[forge] += forger.lands(objects)
    return landed, accepted


def test_the_true_history_is_accepted(forger):
    assert canonical(forger.read(forger.objects)) == canonical(forger.true)


@pytest.mark.slow
def test_of_a_thousand_forgeries_none_is_accepted_and_without_signers_most_would_be(forger):
    landed, accepted = attack(forger, 1_400, seed=5)
    assert accepted == []
    assert all(landed[forge] >= 8 for forge in FORGERIES), landed


def test_two_approvers_who_agree_are_accepted_and_so_the_forgeries_fail_for_their_reasons(forger):
    wanted = forger.approvals[2 + 2].version
    di = replace(
        forger.approvals[4], op="di", actor="di", expires=None, at=forger.true.at, signature=""
    )
    bobs = forger.approvals[4].seq
    event = promotion(
        forger,
        random.Random(1),
        version=wanted,
        how="approval",
        approvals=(bobs, len(forger.events)),
        actor="di",
        at=forger.approvals[-1].at,
    )
    held = forger.read(forger.with_log(forger.and_then((di, "di"), (event, "di"))))
    assert (held.version, held.actor) == (wanted, "di")


def test_two_approvers_who_agree_on_what_the_gate_refused_are_refused(forger):
    bob, di = forger.approvals[-2:]
    event = promotion(
        forger,
        random.Random(1),
        version=bob.version,
        how="approval",
        approvals=(bob.seq, di.seq),
        actor="di",
        at=di.at,
    )
    assert forger.read(forger.with_log(forger.and_then((event, "di")))) is None


@pytest.mark.soak
def test_of_a_hundred_thousand_forgeries_none_is_accepted(forger):
    begun = datetime.now(UTC)
    landed, accepted = attack(forger, 100_000, seed=20_260_101)
    assert accepted == []
    took = (datetime.now(UTC) - begun).total_seconds()
    kinds = {forge.__name__: landed[forge] for forge in FORGERIES}
    print(f"S5: 100,000 forgeries, 0 accepted, {took:.0f} s; of 40 each landed: {kinds}")
