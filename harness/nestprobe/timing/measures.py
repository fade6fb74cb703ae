"""The measurements, as pytest-benchmark takes them: a test for each, run on one subject in one process.

``first`` ones have one round: a second would find what the first left in caches; more of them are in the
launch's other processes. The others have a few, after what is done above them in this file as their warmup.
"""

STEADY_ROUNDS = 5


def test_construct(benchmark, subject):
    benchmark.pedantic(subject.construct, setup=subject.ready_construct, rounds=1)


def test_build(benchmark, subject):
    benchmark.pedantic(subject.build, setup=subject.ready_build, rounds=1)


def test_first_call(benchmark, subject):
    benchmark.pedantic(subject.call, setup=subject.ready_call, rounds=1)


def test_steady_build(benchmark, subject):
    benchmark.pedantic(subject.construct_and_build, setup=subject.ready_construct, rounds=STEADY_ROUNDS)


def test_summary(benchmark, subject):
    benchmark.pedantic(subject.summarise, setup=subject.ready_summary, rounds=STEADY_ROUNDS)


def test_first_step(benchmark, subject):
    benchmark.pedantic(subject.step, setup=subject.ready_step, rounds=1)
