from aiops.reports.proof import held, places, steps
from aiops.types import STAGES, Place, Proof, Stage


def proof(stages=(), places=()):
    return Proof(tuple(stages), (), (), tuple(places))


def test_stages_stand_in_their_order_and_the_missing_ones_were_not_reached():
    loop = proof([Stage("detect", ok=False, detail="nothing seen"), Stage("inject", True, "cpu")])
    found = steps(loop)
    assert tuple(step.name for step in found) == STAGES
    assert [step.state for step in found] == ["held", "failed"] + ["not reached"] * 5
    assert [step.detail for step in found[:2]] == ["cpu", "nothing seen"]


def test_an_unknown_stage_is_shown_last():
    assert steps(proof([Stage("tidy", ok=True, detail="")]))[-1].name == "tidy"


def test_the_loop_holds_only_if_every_stage_was_reached_and_held():
    good = [Stage(name, ok=True, detail="") for name in STAGES]
    assert held(proof(good))
    assert not held(proof(good[:-1]))
    assert not held(proof([*good[:-1], Stage("score", ok=False, detail="")]))


def test_baselines_stand_right_of_the_rankers_they_judge():
    table = places(
        proof(places=[Place("run", ranker, 1.0, 9, "db") for ranker in ("random", "max_z", "ours")])
    )
    assert table.rankers == ("ours", "max_z", "random")


def test_places_are_told_with_what_was_blamed_instead():
    table = places(
        proof(
            places=[
                Place("a", "ours", 1.0, 9, "db"),
                Place("a", "max_z", 2.5, 9, "web"),
                Place("b", "ours", None, 9, None),
            ]
        )
    )
    first, second = table.rows
    assert [(cell.place, cell.first, cell.text) for cell in first.cells if cell] == [
        ("1", True, "of 9"),
        ("2.5", False, "of 9; blamed web"),
    ]
    assert second.cells[0] is not None
    assert (second.cells[0].place, second.cells[0].text) == ("", "not ranked; blamed nobody")
    assert second.cells[1] is None
    assert table.first_places == ("1 of 2", "0 of 1")
