"""Words that made titles are put together from. The order is that of their frequency: the first come most often."""

from typing import TypeVar

Word = TypeVar("Word")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(","))


NOUNS = _words(
    """Night Love Man House Girl World Life Death Day Woman Heart City Blood Time War Road Dream King Summer Boy Dead
    Street Secret Story Christmas Lady Fire River Island Dark Moon Murder Wife Garden Sun Train Game Devil Angel
    Star Shadow Wedding Queen Winter Mountain Stranger Sea Ghost Doctor Room Hunter Desert Wolf Door Letter Storm
    Bridge Circus Mirror Kiss Teacher Knight Soldier Killer Silence Dance Promise Witness Prisoner Gun Ocean Law
    Journey Hour Bride Father Mother Daughter Son Brother Sister Affair Legend Curse Castle Rain Snow Tower Window
    Forest Lake Harbour Valley Dragon Tiger Bird Horse Crow Fox Bear Rose Apple Orchard Lantern Clock Key Map Crown
    Sword Ring Rope Bell Ladder Boat Ship Anchor Lighthouse Tide Wave Wind Thunder Frost Ember Ash Smoke Dust Stone
    Glass Iron Silver Gold Copper Paper Ink Page Song Choir Violin Piano Drum Waltz Opera Stage Mask Puppet Magician
    Clown Acrobat Pilot Captain Sailor Nurse Judge Thief Spy Detective Butcher Baker Tailor Carpenter Farmer
    Shepherd Priest Monk Nun Saint Prophet Witch Vampire Werewolf Giant Dwarf Robot Machine Engine Signal Code
    Cipher Formula Theory Experiment Laboratory Planet Comet Galaxy Orbit Rocket Satellite Horizon Meridian Equator
    Compass Frontier Border Empire Kingdom Republic Colony Village Station Hotel Motel Cafe Kitchen Cellar Attic
    Corridor Staircase Balcony Roof Market Factory Mill Mine Quarry Well Spring Autumn Midnight Noon Dawn Dusk
    Twilight Eclipse Monday Sunday Friday Season Harvest Feast Hunger Thirst Fever Plague Remedy Poison Medicine
    Wound Scar Bone Skin Tooth Hand Eye Voice Whisper Echo Scream Laughter Tear Smile Breath Sleep Memory Oblivion
    Past Future Fate Fortune Luck Chance Choice Trial Verdict Sentence Escape Exile Return Arrival Departure Passage
    Crossing Trap Snare Bait Hook Net Cage Chain Lock Wall Fence Gate Ditch Trench Fort Siege Battle Truce Treaty
    Treason Betrayal Revenge Mercy Justice Honour Glory Shame Pride Envy Greed Lust Wrath Sloth Faith Hope Charity
    Wisdom Folly Innocence Experience Education Inheritance Dowry Debt Bargain Auction Gamble Wager Heist Ransom
    Conspiracy Scandal Rumour Confession Alibi Evidence Motive"""
)

ADJECTIVES = _words(
    """Last Dark Black Big Little New Good Bad Lost Red White Dead Secret First Wild Blue Long Great American Golden
    Perfect Silent Broken Hidden Cold Strange Happy Old Young Beautiful Deadly Sweet Final Green Burning Bloody
    Lonely Crazy Forbidden Holy Invisible Empty Fallen Eternal Endless Savage Silver Crimson Scarlet Yellow Pale
    Quiet Loud Slow Quick Brave Gentle Cruel Bitter Hollow Frozen Midnight Distant Foreign Royal Common Ordinary
    Extraordinary Impossible Incredible Unknown Unseen Unspoken Untold Unfinished Borrowed Stolen Haunted Cursed
    Blessed Wicked Naked Blind Deaf Mute Wounded Restless Reckless Ruthless Careless Fearless Homeless Nameless
    Timeless Second Third Seventh Northern Southern Eastern Western Inner Outer Upper Lower Double Single Crooked
    Straight Narrow Deep Shallow Electric Mechanical Magnetic Chemical Digital Virtual Public Private Modern Ancient
    Medieval Imperial Provincial Rural Urban"""
)

FIRST_NAMES = _words(
    """John Anna Jack Maria David Alice Charlie Emma Harry Rosa Frank Julia Billy Sophie Max Lola Henry Clara Victor
    Nina George Martha Sam Ruth Oscar Elena Leo Irene Arthur Vera Walter Iris Felix Hanna Hugo Ada Simon Edith Edgar
    Mabel Jonas Greta Marcel Odette Pablo Lucia Ivan Olga Kenji Yuki Ravi Meera Omar Layla Sean Brigid Lars Astrid
    Tomas Zofia"""
)

SURNAMES = _words(
    """Brown Miller King Walker Stone Black Wood Fisher Marlowe Kessler Novak Moreau Duval Rossi Bianchi Garcia Vega
    Ivanov Petrov Tanaka Sato Kim Park Chen Singh Kapoor Haddad Murphy Byrne Larsen Holm Bergman Virtanen Kowalski
    Horvat Popescu Papadakis Andrade Silva Castro Quill Ashdown Penrose Hathaway Blackwood Winterbourne Thackery
    Lovell Crane Pike Rook Drake Swift Nightingale Fairweather Goodfellow Merriweather Underhill Overton Eastlake
    Westcott"""
)

PLACES = _words(
    """Paris London America Berlin Rome Texas Manhattan Chicago Venice Tokyo Vienna Moscow Havana Lisbon Cairo Dublin
    Brooklyn Nevada Montana Alaska Siberia Casablanca Marseille Naples Prague Budapest Warsaw Oslo Odense Bergen
    Malmo Helsinki Tallinn Riga Trieste Genoa Seville Granada Porto Tangier Beirut Bombay Calcutta Shanghai Kyoto
    Osaka Seoul Manila Sydney Auckland Lima Bogota Valparaiso Montevideo Quebec Boston Memphis Savannah Tulsa Reno
    Yuma"""
)

GERUNDS = _words(
    """Finding Killing Saving Chasing Being Losing Leaving Waiting Dancing Dreaming Falling Running Hunting Catching
    Searching Raising Breaking Making Loving Forgetting Remembering Burying Stealing Driving Crossing Painting"""
)

VERBS = _words(
    "Die Run Wake Sleep Love Kill Hide Sing Dance Burn Return Wait Fall Rise Remember Forget Scream Whisper Fly Drown"
)

NUMBERS = _words("Two Three Four Five Six Seven Nine Ten Twelve Thirteen Twenty Forty Hundred")

SUBTITLES = _phrases(
    """The Beginning, The Movie, The Return, The Final Chapter, Resurrection, Origins, Part Two, A Love Story,
    Retribution, The Awakening, Legacy, Judgment Night, The Untold Story, Redemption, Genesis, Reloaded, A True
    Story, The Last Stand, The Lost World, Extinction, Dead Reckoning, The Next Generation, Revenge, Evolution, The
    New Blood, Aftermath, Uprising, No Way Back, The Golden Key, Curse of the Deep, A Winter's Tale, The Hidden
    City, Year One"""
)

FRENCH = (
    _phrases(
        """la nuit, l'amour, la vie, le jour, la maison, la mer, l'été, le cœur, la rue, le silence, la fille, le
        garçon, la guerre, l'homme, la femme, le temps, la forêt, le jardin, l'hiver, la fenêtre, l'île, le train,
        la clé, la voix, le marché, l'étoile, le père, la mère, l'école, le pêcheur, la frontière, l'horloger, le
        château, la fièvre"""
    ),
    _phrases(
        "perdu, secret, noir, étrange, dernier, immobile, rouge, tranquille, sauvage, oublié, fragile, infini"
    ),
    _phrases("de, sans, contre, dans, avec"),
)

GERMAN = (
    _phrases(
        """die Nacht, das Haus, der Tag, die Liebe, das Mädchen, der Mann, die Brücke, der Wald, das Meer, die Straße,
        der Sommer, das Glück, der Himmel, die Grenze, das Leben, der Schlüssel, die Tür, der Fluss, das Gespräch,
        die Größe, der Müller, die Königin, der Jäger, das Schweigen, die Uhr, der Zug, die Stadt, das Erbe, der
        Bruder, die Wölfe"""
    ),
    _phrases(
        "letzte, stille, fremde, kühle, späte, dunkle, schöne, verlorene, rote, lange, unsichtbare, grüne"
    ),
    _phrases("und, ohne, gegen, für, über"),
)

SPANISH = (
    _phrases(
        """la noche, el amor, la vida, el día, la casa, el mar, el verano, el corazón, la calle, el silencio, la niña,
        el hombre, la mujer, el tiempo, el jardín, la sombra, el río, el camino, la lluvia, el espejo, la montaña,
        el sueño, la canción, el niño, la frontera, el pájaro, la estación, el árbol, la señora, el fantasma"""
    ),
    _phrases(
        "perdido, secreto, negro, extraño, último, inmóvil, rojo, tranquilo, salvaje, olvidado, frágil, eterno"
    ),
    _phrases("de, sin, contra, en, con"),
)

ITALIAN = (
    _phrases(
        """la notte, l'amore, la vita, il giorno, la casa, il mare, l'estate, il cuore, la strada, il silenzio, la
        ragazza, l'uomo, la donna, il tempo, il giardino, l'ombra, il fiume, la pioggia, lo specchio, la città, il
        sogno, il treno, la libertà, il padre, la finestra, il cielo, la verità, il ladro, l'isola, la stazione"""
    ),
    _phrases(
        "perduto, segreto, nero, strano, ultimo, immobile, rosso, tranquillo, selvaggio, dimenticato, eterno, blu"
    ),
    _phrases("di, senza, contro, in, con"),
)

JAPANESE = (
    (
        ("夜", "yoru"), ("海", "umi"), ("夏", "natsu"), ("花", "hana"), ("雨", "ame"), ("月", "tsuki"), ("空", "sora"),
        ("風", "kaze"), ("町", "machi"), ("家", "ie"), ("道", "michi"), ("夢", "yume"), ("星", "hoshi"), ("山", "yama"),
        ("川", "kawa"), ("雪", "yuki"), ("声", "koe"), ("窓", "mado"), ("鳥", "tori"), ("犬", "inu"), ("母", "haha"),
        ("父", "chichi"), ("歌", "uta"), ("光", "hikari"), ("影", "kage"), ("森", "mori"),
        ("駅", "eki"), ("橋", "hashi"),
    ),
    (
        ("遠い", "tooi"), ("青い", "aoi"), ("静かな", "shizukana"), ("最後の", "saigo no"), ("小さな", "chiisana"),
        ("白い", "shiroi"), ("赤い", "akai"), ("古い", "furui"), ("見えない", "mienai"), ("長い", "nagai"),
    ),
)  # fmt: skip
"""Written in Japanese and in Latin letters."""

RUSSIAN = (
    (
        ("ночь", "noch"), ("море", "more"), ("дом", "dom"), ("лето", "leto"), ("зима", "zima"), ("город", "gorod"),
        ("река", "reka"), ("любовь", "lyubov"), ("война", "voyna"), ("дорога", "doroga"), ("солнце", "solntse"),
        ("поезд", "poezd"), ("голос", "golos"), ("зеркало", "zerkalo"), ("остров", "ostrov"), ("сестра", "sestra"),
    ),
    (
        ("последняя", "poslednyaya"), ("белая", "belaya"), ("тихая", "tikhaya"), ("далёкая", "dalyokaya"),
        ("чужая", "chuzhaya"), ("красная", "krasnaya"), ("старая", "staraya"), ("долгая", "dolgaya"),
    ),
)  # fmt: skip
"""Written in Cyrillic and in Latin letters."""
