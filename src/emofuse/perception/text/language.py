"""Is this text in the language of the model? Decided by script and by function words.

No model and no download: a handful of the commonest words tells running text apart well enough
to warn that a text model reads a language it was not trained on.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

from .ngrams import tokens

UNKNOWN = "unknown"
OTHER = "und"

# The commonest words that carry no topic. Several languages share some; those count by halves.
_COMMON = {
    "en": "the and of to a in is it you that he was for on are with as i his they be at this have "
    "from or had by but what we can not were all your when there how an she which do their if will "
    "would about so them these her him has could my than been who its now did get me no just like "
    "i'm it's don't that's you're can't he's i've didn't what's oh yeah out up know some our am us",
    "de": "der die das und ich nicht ist du sie es ein eine zu in den mit auf dem sich für von im "
    "auch als wie wir aber so er was mir mich dich dir ja nein noch nur war hat haben sind wenn "
    "dass habe bin bist doch schon kann wird werden oder mein dein ihr uns sehr hier einen einer",
    "fr": "le la les de des du et un une je tu il elle nous vous est pas que qui ne dans en ce se "
    "pour sur avec plus mais ou où au aux mon ma mes ton ta son sa ses cette c'est j'ai suis es "
    "sont été être avoir fait tout très bien oui non moi toi lui leur comme si on y d'un n'est",
    "es": "el la los las de que y en un una no es por con para se me te lo le su mi tu yo él ella "
    "pero más como muy ya está estoy son fue ser hay todo esto eso cuando sí al del nos si porque "
    "qué o ha he también soy eres tiene tengo sin sobre este esta",
    "it": "il lo la gli le di che è un una non per con mi ti si ci sono sei ho hai ha come ma più "
    "questo questa io tu lui lei noi anche se del della nel nella al alla dei da in e o molto "
    "bene perché cosa tutto quando dove mio mia suo sua era stato essere così no",
    "pt": "o a os as de que e do da em um uma não é para com se na no por mais mas como eu você ele "
    "ela foi ao isso meu minha seu sua muito já está estou são ser tem tenho também nos nas dos das "
    "quando porque te me sim bem aqui este esta só",
    "nl": "de het een en van ik je niet dat is in te zijn op met voor maar die er aan ook als dan "
    "wat hij ze we mijn jij u nog naar heb heeft hebben was wel zo bij om uit geen deze dit ja nee "
    "ben bent kan wordt worden heel hier",
    "sv": "och att det som en på är av för med till den har de inte om ett men var jag du han hon vi "
    "så kan när från mig dig sig min din sin nu här där vad mycket ja nej också skulle ska bara "
    "eller alla blir",
    "da": "og at det som en på er af for med til den har de ikke om et men var jeg du han hun vi så "
    "kan når fra mig dig sig min din nu her der hvad meget ja nej også skulle skal bare eller alle "
    "bliver ville være",
    "pl": "i w nie na się z do to że jest o jak ale po co tak za od jego czy już tylko dla mnie ja "
    "ty on ona my wy są był była być mam masz ma mi ci jej bardzo może przez kiedy tym",
    "tr": "bir ve bu da de için çok ne ben sen o biz siz onlar ile ama gibi daha var yok değil mi "
    "mı kadar en her şey bana sana beni seni olarak olan sonra diye evet hayır iyi",
    "fi": "ja on ei se että en hän minä sinä me te he oli ole olen olet mutta niin kun kuin mitä "
    "tämä joka myös nyt vain sitä ovat jos minun sinun hyvä kyllä mikä siitä",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena bisa ada "
    "kamu aku dia mereka kami kita sudah lebih tapi atau apa sangat adalah orang",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(code for code, words in _COMMON.items() if word in words.split())
    for word in {word for words in _COMMON.values() for word in words.split()}
}
# ISO 15924 codes by the first word of a letter's Unicode name.
_SCRIPTS = {
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "TAMIL": "Taml",
    "THAI": "Thai",
    "HANGUL": "Hang",
    "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan",
    "CJK": "Hani",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
}
# Decisions are made on a sample of this size: a film's transcript says nothing new after it.
_LETTERS, _WORDS = 2_000, 2_000
_FEWEST_WORDS, _FEWEST_HITS, _MARGIN = 4, 2.0, 1.5
# "Come on, come on" repeats one Italian word; a language shows several.
_FEWEST_DIFFERENT = 2
# Running English has 40-50 % of these words; a longer text with hardly any is something else.
_LONG, _HARDLY_ANY = 25, 0.1


def language_of(text: str) -> tuple[str, float]:
    """(language, evidence 0..1) of `text`.

    The language is an ISO 639-1 code of the thirteen known ones; "und-Cyrl" and the like (BCP 47)
    where the script alone rules out Latin text; "und" for a longer Latin text that is none of the
    known ones; "unknown" with evidence 0 where there is too little to say, as in short text.
    Evidence is the share of letters in the script, or of function words that fit the language.
    """
    script, share = _script(text)
    if script is not None:
        return f"{OTHER}-{script}", share
    words = [word for word in tokens(text[: 10 * _WORDS]) if word[0].isalpha()][:_WORDS]
    if len(words) < _FEWEST_WORDS:
        return UNKNOWN, 0.0
    hits: Counter[str] = Counter()
    for word in words:
        for code in _LANGUAGES_OF.get(word, ()):
            hits[code] += 1 / len(_LANGUAGES_OF[word])
    (best, most), (_, second) = (hits.most_common(2) + [("", 0.0)] * 2)[:2]
    different = {word for word in words if best in _LANGUAGES_OF.get(word, ())}
    if len(words) >= _LONG and most < _HARDLY_ANY * len(words):
        return OTHER, 1 - most / len(words)
    if len(different) < _FEWEST_DIFFERENT or most < max(_FEWEST_HITS, _MARGIN * second):
        return UNKNOWN, 0.0
    return best, most / hits.total()


def _script(text: str) -> tuple[str | None, float]:
    """The script of most letters and its share; None for Latin or for too few letters."""
    letters = [letter for letter in text[:_LETTERS] if letter.isalpha()]
    found = Counter(
        _SCRIPTS.get(unicodedata.name(letter, "?").replace("-", " ").split()[0], "")
        for letter in letters
        if not letter.isascii()
    )
    found.pop("", None)
    if found["Jpan"]:  # Kana occur in Japanese only, mixed with Chinese characters.
        found["Jpan"] += found.pop("Hani", 0)
    if not found or len(letters) < _FEWEST_WORDS:
        return None, 0.0
    script, count = found.most_common(1)[0]
    share = count / len(letters)
    return (script, share) if share > 0.5 else (None, 0.0)
