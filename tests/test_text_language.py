"""English is told from other languages; too little text is "unknown", never a wrong warning."""

from __future__ import annotations

import csv

import pytest

from emofuse.perception.text import language_of

TEXTS = {
    "en": "I can't believe that you would say such a thing to me after all we have been through.",
    "de": "Ich habe dir doch gesagt, dass ich heute nicht mitkommen kann, weil es mir schlecht geht.",
    "fr": "Je suis tellement content de te voir, mais je ne sais pas si c'est une bonne idée.",
    "es": "Estoy muy contento de verte otra vez, pero no sé si es una buena idea para los niños.",
    "it": "Sono così felice di vederti di nuovo, ma non so se questa è una buona idea per noi.",
    "pt": "Estou muito feliz por te ver, mas não sei se isso é uma boa ideia para as crianças.",
    "nl": "Ik ben zo blij dat ik je weer zie, maar ik weet niet of het een goed idee is.",
    "sv": "Jag är så glad att se dig igen, men jag vet inte om det är en bra idé för oss.",
    "da": "Jeg er så glad for at se dig igen, men jeg ved ikke hvad det betyder for os nu.",
    "pl": "Bardzo się cieszę, że cię widzę, ale nie wiem, czy to jest dobry pomysł dla nas.",
    "tr": "Seni tekrar gördüğüm için çok mutluyum ama bu iyi bir fikir mi bilmiyorum.",
    "fi": "Minä olen niin iloinen että näen sinut, mutta en tiedä onko se hyvä asia.",
    "id": "Saya sangat senang bisa bertemu kamu lagi, tapi saya tidak tahu apakah ini baik.",
    "und-Cyrl": "Я так рад тебя видеть, но я не знаю, хорошая ли это мысль.",
    "und-Grek": "Χαίρομαι τόσο πολύ που σε βλέπω ξανά.",
    "und-Arab": "أنا سعيد جدا برؤيتك مرة أخرى",
    "und-Hebr": "אני כל כך שמח לראות אותך שוב",
    "und-Deva": "मैं तुम्हें फिर से देखकर बहुत खुश हूँ",
    "und-Hang": "다시 만나서 정말 반가워요",
    "und-Jpan": "また会えて本当に嬉しいです",
    "und-Hani": "我很高兴再次见到你",
    "und": "Nagyon örülök, hogy újra látlak téged, csak nem tudom, hogy ez most tényleg helyes "
    "döntés volt-e tőlünk, mert mindenki másképp gondolja ezt nálunk otthon, és senki sem szól.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_running_text_of_many_languages(language):
    found, evidence = language_of(TEXTS[language])
    assert found == language
    assert 0.4 < evidence <= 1


@pytest.mark.parametrize(
    "text",
    ["", "...", "😂😂", "12 34 56 78", "Oh my God!", "Danke!", "Come on, come on.", "Здр"],
)
def test_too_little_text_is_unknown(text):
    assert language_of(text) == ("unknown", 0.0)


def test_a_foreign_word_in_english_stays_english():
    text = "He said 'auf Wiedersehen' and that was the last time that I saw him in Москва."
    assert language_of(text)[0] == "en"


def test_a_long_text_costs_no_more_than_its_beginning():
    assert language_of(TEXTS["de"] * 200_000)[0] == "de"


def test_real_english_is_never_called_foreign(data_dir):
    path = data_dir / "text" / "MELD" / "test_sent_emo.csv"
    with path.open(encoding="utf-8", newline="") as file:
        lines = [row["Utterance"] for row in csv.DictReader(file)]
    assert {language_of(line)[0] for line in lines} == {"en", "unknown"}
    joined = [" ".join(lines[start : start + 10]) for start in range(0, len(lines), 10)]
    assert {language_of(text)[0] for text in joined} == {"en"}
