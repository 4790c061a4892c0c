"""Looks of labels: stable, told apart."""

from napari_behaviorvlm.core.label_looks import LOOKS, LabelLooks


def test_the_usual_words_look_different_and_the_same_in_every_session():
    words = ["rest", "walk", "run", "rear", "groom", "approach", "chase", "huddle"]
    one, other = LabelLooks(), LabelLooks()
    one.prepare(words)
    other.prepare(reversed([*words, "zebra"]))
    assert len({one.place(word) for word in words}) == len(words)
    assert [one.place(word) for word in words] == [other.place(word) for word in words]


def test_a_label_keeps_its_look_when_others_come():
    looks = LabelLooks()
    before = looks.place("sniffing the wall")
    looks.prepare(f"label {at}" for at in range(len(LOOKS) - 1))
    assert looks.place("sniffing the wall") == before
    assert len({looks.place(f"label {at}") for at in range(len(LOOKS) - 1)}) == len(LOOKS) - 1
    assert looks.place("one too many") in range(len(LOOKS))


def test_other_words_leave_the_usual_ones_their_looks():
    plain, crowded = LabelLooks(), LabelLooks()
    crowded.prepare(f"word {at}" for at in range(10))
    assert crowded.place("walk") == plain.place("walk")


def test_hues_come_again_in_another_pattern():
    assert len(set(LOOKS)) == len(LOOKS) == 21
