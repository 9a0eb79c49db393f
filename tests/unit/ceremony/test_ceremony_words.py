"""Digests as words: each octet has one word, and mistakes in reading aloud are heard."""

from itertools import pairwise

from ca.ceremony.words import EVEN, ODD, spoken, spoken_lines


def test_two_lists_of_256_words_that_share_none() -> None:
    assert len(set(EVEN)) == len(set(ODD)) == 256
    assert not set(EVEN) & set(ODD)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in (*EVEN, *ODD))
    assert all(4 <= len(word) <= 16 for word in (*EVEN, *ODD))


def test_no_two_words_of_a_list_differ_by_one_letter() -> None:
    for words in (EVEN, ODD):
        for place in range(max(map(len, words))):
            without = [word[:place] + word[place + 1 :] for word in words if place < len(word)]
            near = [a for a, b in pairwise(sorted(without)) if a == b]
            assert not near, near


def test_a_word_left_out_doubled_or_swapped_is_of_the_wrong_list() -> None:
    digest = bytes(range(0, 256, 8))
    words = spoken(digest)
    assert words == tuple((EVEN, ODD)[place % 2][octet] for place, octet in enumerate(digest))
    for place in range(len(words) - 1):
        swapped = [*words[:place], words[place + 1], words[place], *words[place + 2 :]]
        assert swapped[place] not in (EVEN, ODD)[place % 2]


def test_lines_of_eight() -> None:
    lines = spoken_lines(bytes(32))
    assert len(lines) == 4
    assert [line[0] for line in lines] == ["1", "2", "3", "4"]
    assert lines[0].split()[1:] == [EVEN[0], ODD[0]] * 4
