"""N-grams of texts, beside scikit-learn's own and a plain loop."""

from __future__ import annotations

import re
from collections import Counter
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.kinds.texts import grams as rooms
from keepfit.kinds.texts.grams import WORDS, Counts, Grams, count


def grams(words: int = 0, characters: tuple[int, ...] = (), **settings) -> Grams:
    usual = {"words": words, "characters": characters, "lowercase": True}
    return Grams(**usual | settings)


def plain(texts: list[str], wanted: Grams) -> list[Counter[str]]:
    """The same n-grams as text, by a loop."""
    return [Counter(each(text, wanted)) for text in texts]


def each(text: str, wanted: Grams) -> list[str]:
    plain = normalize("NFC", text.lower() if wanted.lowercase else text)
    words = re.findall(r"\w+", plain)
    found = [
        "w" + " ".join(words[first : first + many])
        for many in range(1, wanted.words + 1)
        for first in range(len(words) - many + 1)
    ]
    for length in range(min(wanted.characters, default=1), max(wanted.characters, default=0) + 1):
        for word in words:
            padded = f" {word} "
            found += [padded[at : at + length] for at in range(len(padded) - length + 1)]
    return [one for one in found if one != " "]


def numbered(counts: Counts) -> list[dict[int, int]]:
    found: list[dict[int, int]] = [{} for _ in range(counts.texts)]
    for text, gram, times in zip(counts.text, counts.gram, counts.times, strict=True):
        found[text][int(gram)] = int(times)
    return found


texts = st.lists(st.text(st.characters(codec="utf-8", max_codepoint=0x2FFFF), max_size=30))


@given(texts, st.integers(0, 3), st.sampled_from([(), (3,), (1, 1), (1, 3), (2, 5), (3, 4)]))
def test_each_text_has_the_n_grams_that_a_loop_finds(texts, words, characters):
    wanted = grams(words, characters)
    found = numbered(count(texts, wanted))
    assert [Counter(one.values()) for one in found] == [
        Counter(one.values()) for one in plain(texts, wanted)
    ]


def test_one_number_stands_for_one_n_gram_in_all_texts():
    few = ["Red cotton shirt", "cotton, red", "a RED shirt of cotton-wool", "", "ΑΣ"]
    wanted = grams(2, (2, 4))
    told, found = plain(few, wanted), numbered(count(few, wanted))
    names = {name: [t.get(name, 0) for t in told] for t in told for name in t}
    numbers = {gram: [f.get(gram, 0) for f in found] for f in found for gram in f}
    assert sorted(names.values()) == sorted(numbers.values())


def test_there_are_as_many_of_characters_as_scikit_learn_finds():
    vectorizers = pytest.importorskip("sklearn.feature_extraction.text")
    few = ["cotton shirts", "silk scarf, red", "100ml bottle of wine", "cotton"]
    spaced = [re.sub(r"\W+", " ", text) for text in few]
    peer = vectorizers.CountVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit(spaced)
    words = vectorizers.CountVectorizer(ngram_range=(1, 2), token_pattern=r"\w+").fit(few)
    found = count(few, grams(2, (2, 4)))
    assert np.unique(found.gram[found.gram < WORDS]).size == len(peer.vocabulary_)
    assert np.unique(found.gram[found.gram >= WORDS]).size == len(words.vocabulary_)


def test_a_text_is_counted_alike_alone_and_among_others(monkeypatch):
    many = [f"text number {n} of\0some {'x' * (n % 7)}" for n in range(200)]
    wanted = grams(2, (2, 5))
    together = numbered(count(many, wanted))
    monkeypatch.setattr(rooms, "_CHUNK", 50)
    assert numbered(count(many, wanted)) == together
    assert [numbered(count([text], wanted))[0] for text in many] == together


def test_a_missing_text_and_one_without_words_have_none():
    found = count([None, "", " \0?! ", "a"], grams(1, (1, 1)))
    assert set(found.text.tolist()) == {3}


def test_an_accent_may_be_a_character_of_its_own():
    one, two = count(["caf\u00e9"], grams(1, (2, 4))), count(["cafe\u0301"], grams(1, (2, 4)))
    assert one.gram.tolist() == two.gram.tolist()


def test_capitals_count_where_they_are_told_to():
    both = ["Polish", "polish"]
    assert len(set(count(both, grams(1)).gram.tolist())) == 1
    assert len(set(count(both, grams(1, lowercase=False)).gram.tolist())) == 2


def test_n_grams_are_spread_evenly():
    found = count([f"word{n}" for n in range(20_000)], grams(1))
    assert np.unique(found.gram).size > 19_990
    shares = np.bincount((found.gram.astype(np.int64) - WORDS) * 100 // WORDS, minlength=100)
    assert shares.min() > 140  # 200 each, give or take four deviations
    assert shares.max() < 260
