"""Figures in words: with their intervals, and honest about what they leave out."""

from dataclasses import replace

from aiops.reports.figures import RANKING_HEAD, figures, headline, ranking_row
from aiops.scores import Quartiles
from aiops.wilson import Share


def test_the_headline_counts(make_board, make_run):
    assert headline(make_board()) == (
        "aiops judged 2 faults, 1 control and 0 decoys. 2 bit; 1 of these went unnoticed."
    )
    board = make_board(make_run("r", "control"))
    calm = replace(board, detection=replace(board.detection, recall=Share.count(0, 0)))
    assert headline(calm).endswith("No fault bit.")


def test_figures_carry_their_intervals_and_say_when_there_are_none(make_board):
    said = dict(figures(make_board()))
    assert said["Recall, faults that bit"] == ".50 [.09, .91] of 2"
    assert said["Delay, median (quartiles)"].startswith("1\u202fmin (50")
    assert said["Decoys alarmed"] == "none to count"
    board = make_board()
    none = replace(board.detection, f1=None, delay_s=Quartiles(None, None, None))
    said = dict(figures(replace(board, detection=none)))
    assert said["F1"] == said["Delay, median (quartiles)"] == "\N{EN DASH}"


def test_figures_say_what_precision_counts_and_what_a_naive_judge_gets(make_board):
    said = dict(figures(make_board()))
    assert said["Precision"] == ".50 [.09, .91] of 2: 1 fault noticed, 0 false alarms"
    assert said["An alarm in every run"] == "precision .50 [.09, .91] of 2, F1 0.80"


def test_figures_count_what_was_left_out(make_board):
    board = make_board()
    ranking = replace(board.rankings[0], failures=3)
    unranked = {"several causes": 2, "truth not measured": 1}
    board = replace(board, not_injected=2, unranked=unranked, rankings=(ranking,))
    said = dict(figures(board))
    assert said["Not injected"] == "2"
    assert said["Left out of rankings"] == "2 several causes, 1 truth not measured"
    assert said["Rankings failed"] == "max_z: 3"
    assert dict(figures(make_board()))["Rankings failed"] == "none"
    assert "In 2 more runs nothing was injected." in headline(board)


def test_the_headline_owns_up_to_what_could_not_be_judged(make_board):
    board = make_board()
    blind = replace(board, detection=replace(board.detection, failures=1))
    assert "It could not judge 1 run." in headline(blind)


def test_a_row_has_a_cell_for_each_column(make_board):
    row = ranking_row(make_board().rankings[0])
    assert len(row) == len(RANKING_HEAD)
    assert dict(zip(RANKING_HEAD, row, strict=True))["not asked"] == "1"
