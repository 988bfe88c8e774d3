"""The vocabulary of the demo world: people, things, places, and sentences that set a scene.

Large enough that two problems of one family share few words, as published problems do. A slot of a family
names its kind (`"who": "name"`), and `draw_words` fills all slots of one problem without repeating a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random


def _split(text: str) -> list[str]:
    return [" ".join(item.split()) for item in text.split(",")]


_WOMEN = _split(
    """Amara, Beatrix, Chiara, Dalia, Elin, Farida, Greta, Hana, Ines, Jolanta, Kavya, Liesel, Marisol,
    Nadia, Odette, Priya, Quilla, Rosalind, Saskia, Tamsin, Uma, Viveka, Wilhelmina, Ximena, Yara,
    Zuzana, Anouk, Brisa, Celeste, Delphine, Esme, Fiona, Giulia, Hester, Imogen, Juno, Kirsten,
    Lucinda, Maren, Noor"""
)
_MEN = _split(
    """Alaric, Bastian, Cedric, Dmitri, Emeka, Fabian, Gideon, Hamza, Ivo, Jarek, Kofi, Leandro, Matteo,
    Nikhil, Oskar, Pascal, Quentin, Rafael, Soren, Tobias, Ulrich, Viktor, Wendell, Xavier, Yusuf,
    Zoltan, Anselm, Boris, Cormac, Darius, Edmund, Felipe, Gaston, Henrik, Ismael, Joaquin, Klaus,
    Lorenzo, Malik, Nestor"""
)
#: Singular forms; every plural is the singular with an "s".
_THINGS = _split(
    """ceramic mug, paper lantern, wooden spoon, brass button, wool blanket, glass marble, straw hat,
    clay pot, leather belt, silk ribbon, tin whistle, candle holder, picture frame, garden gnome, door
    handle, water bottle, chess set, bicycle bell, postcard, notebook, paintbrush, pencil case, kite,
    jigsaw puzzle, rubber duck, bookmark, fridge magnet, tea towel, flower bulb, seed packet, honey jar,
    apple pie, walnut loaf, cheese wheel, pumpkin, melon, pineapple, coconut, cabbage, cucumber, lemon
    tart, cinnamon roll, muffin, pretzel, meat pie, fishing rod, camping stove, sleeping bag, rain
    jacket, head torch, compass, tennis racket, skateboard, snow globe, music box, drum, guitar string,
    flute, puppet, toy boat, model plane, board game, card deck, sticker sheet, balloon, party hat, lamp
    shade, floor tile, roof slate, fence panel, flagstone, paving brick, copper pipe, light bulb, phone
    charger, radio, alarm clock, umbrella, walking stick, wicker basket, picnic rug, birdhouse, hammock"""
)
_CONTAINERS = _split(
    """crate, carton, basket, sack, barrel, tray, drawer, shelf unit, suitcase, hamper, bucket, trunk,
    pallet, bin, chest"""
)
_PLACES = _split(
    """the harbour market, the village bakery, the hillside farm, the city library, the railway museum,
    the old mill, the botanical garden, the community centre, the corner shop, the fishing pier, the
    mountain lodge, the art college, the music school, the ice rink, the bus depot, the town hall, the
    riverside cafe, the county hospital, the science club, the print shop, the pottery studio, the
    vineyard, the dairy, the greenhouse, the sports hall, the flea market, the animal shelter, the toy
    factory, the boat yard, the post office, the campsite, the observatory, the theatre workshop, the
    bicycle repair shop, the wholesale depot, the summer camp, the bookshop, the cinema"""
)
_EVENTS = _split(
    """the spring fair, the harvest festival, the charity run, the school concert, the winter carnival,
    the book week, the regatta, the lantern parade, the chess tournament, the open day, the street
    party, the science exhibition, the village wedding, the film night, the autumn sale, the folk dance,
    the kite contest, the anniversary dinner, the gardening show, the talent show, the bake-off, the
    puppet show, the sports day, the midsummer picnic"""
)
_WORKERS = _split(
    """volunteers, gardeners, painters, carpenters, bakers, tailors, bricklayers, pickers, cleaners,
    printers, weavers, clerks, mechanics, roofers, electricians, packers, joiners, stonemasons,
    apprentices, stagehands"""
)
_ANIMALS = _split(
    """goats, sheep, hens, ducks, rabbits, ponies, alpacas, geese, cows, donkeys, turkeys, llamas, pigs,
    quails, hamsters"""
)
_VEHICLES = _split(
    """van, lorry, tram, coach, ferry, motorbike, cyclist, tractor, delivery truck, minibus, steam
    train, express train, taxi"""
)
_FOODS = _split(
    """rice, flour, sugar, lentils, oats, butter, cocoa, almonds, raisins, chickpeas, couscous,
    cornmeal, semolina, barley"""
)
_LIQUIDS = _split(
    "water, rainwater, milk, olive oil, apple juice, diesel, vinegar, brine, lemonade, cooking oil, syrup"
)
_VESSELS = _split(
    "tank, cistern, pool, reservoir, barrel, vat, boiler, trough, aquarium, fountain basin, water tower"
)
_SUBJECTS = _split(
    """history, geography, biology, chemistry, physics, French, Spanish, algebra, geometry, music
    theory, spelling, statistics"""
)
_GOODS_SHOPS = _split(
    """jacket, armchair, bicycle, laptop, dishwasher, violin, tent, sofa, camera, bookcase, washing
    machine, watch"""
)
_LETTERWORDS = _split(
    """BANANA, LETTER, PEPPER, COFFEE, BALLOON, SUCCESS, GOGGLES, COMMITTEE, TOMORROW, KITTEN, RABBIT,
    SADDLE, COCOON, TATTOO, MAMMAL, SETTEE, BUBBLE, CHEESE, ACCESS, ASSESS, PUPPET, PIZZAZZ, LLAMAS,
    OTTERS, SUMMER, HAMMER, BOTTLE, GARAGE, PAPAYA, CANNON, TEEPEE, VOODOO, RADAR, LEVEL, KAYAK,
    MINIMUM, SENSES, PEOPLE"""
)

VOCABULARY: dict[str, list[str]] = {
    "name": _WOMEN + _MEN,
    "thing": _THINGS,
    "container": _CONTAINERS,
    "place": _PLACES,
    "event": _EVENTS,
    "workers": _WORKERS,
    "animals": _ANIMALS,
    "vehicle": _VEHICLES,
    "food": _FOODS,
    "liquid": _LIQUIDS,
    "vessel": _VESSELS,
    "subject": _SUBJECTS,
    "article": _GOODS_SHOPS,
    "letters": _LETTERWORDS,
    "variable": list("xtnyzmkpuw"),
    "letter": list("ABCDEKLMNPQRSTUVW"),
    "function": list("fghFGHpq"),
    "points": ["ABC", "PQR", "XYZ", "DEF", "KLM", "RST", "UVW", "JKL"],
    "cn_name": [
        "小明",
        "小红",
        "小华",
        "小丽",
        "李强",
        "王芳",
        "张伟",
        "刘洋",
        "陈静",
        "赵磊",
        "孙悦",
        "周涛",
        "吴敏",
        "郑凯",
    ],
    "cn_thing": [
        "笔记本",
        "铅笔",
        "苹果",
        "橙子",
        "书签",
        "气球",
        "贺卡",
        "水杯",
        "雨伞",
        "羽毛球",
        "彩笔",
        "饼干",
        "玩具车",
    ],
    "cn_place": [
        "学校",
        "图书馆",
        "果园",
        "工厂",
        "农场",
        "超市",
        "书店",
        "车站",
        "公园",
        "体育馆",
        "博物馆",
    ],
}

_OPENINGS = _split(
    """@place had been busy all week because of @event., It rained for most of @event., Preparations for
    @event had started early at @place., Everyone at @place was looking forward to @event., After @event
    things slowly returned to normal at @place., Nobody at @place had expected such a crowd., @who is a
    regular visitor of @place., @who spent the holidays helping at @place., The weather had been mild
    that week., @who has kept a diary since @event., A notice about @event was pinned to the door of
    @place., @who and a cousin are spending the weekend near @place., There was a short power cut at
    @place that morning., @who had been planning this since @event., The manager of @place likes to plan
    ahead., @who enjoys keeping careful records., It was a quiet afternoon at @place."""
)

_ONES = _split(
    """zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,
    fourteen, fifteen, sixteen, seventeen, eighteen, nineteen"""
)
_TENS = ["", "", *_split("twenty, thirty, forty, fifty, sixty, seventy, eighty, ninety")]


def spell(number: int) -> str:
    """A whole number below 100 in words; larger and negative ones in digits."""
    if not 0 <= number < 100:
        return str(number)
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")


def draw_words(slots: Mapping[str, str], rng: Random) -> dict[str, str]:
    """Fill the word slots of a family.

    Args:
        slots: Slot name to kind of word, a key of `VOCABULARY`.
        rng: Where the choice comes from.

    Returns:
        One word for each slot, no word twice. A person `who` also gets `who_he`, `who_his` and `who_him`; a
        thing is given in the plural, with `..._one` for the singular; so is a container.
    """
    words: dict[str, str] = {}
    for kind in sorted(set(slots.values())):
        names = [slot for slot, wanted in slots.items() if wanted == kind]
        for slot, word in zip(names, rng.sample(VOCABULARY[kind], len(names)), strict=True):
            words[slot] = word
            if kind == "name":
                she = word in _WOMEN
                words |= {
                    f"{slot}_he": "she" if she else "he",
                    f"{slot}_his": "her" if she else "his",
                    f"{slot}_him": "her" if she else "him",
                }
            elif kind in ("thing", "container"):
                words |= {slot: f"{word}s", f"{slot}_one": word}
    return words


def draw_opening(rng: Random, who: str | None = None) -> str:
    """A sentence that sets the scene and says nothing about the problem (so it can be left out again)."""
    fitting = [opening for opening in _OPENINGS if who or "@who" not in opening]
    opening = rng.choice(fitting)
    for slot, word in {
        "@place": rng.choice(_PLACES),
        "@event": rng.choice(_EVENTS),
        "@who": who or "",
    }.items():
        opening = opening.replace(slot, word)
    return opening[0].upper() + opening[1:]
