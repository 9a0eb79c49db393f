"""Digests as words that can be read aloud: two lists of 256 Dutch words, taken in turns.

Octets at even places (counted from 0) are words of two syllables, those at odd places longer ones,
so that a word left out, said twice or swapped with its neighbour is heard.
"""

from typing import Final

WORDS_PER_LINE: Final = 8

_EVEN_WORDS: Final = """
    adel anker appel arend avond bakker balkon bamboe banaan basis beker bezem bijbel bladzij
    blauwdruk bliksem bloemkool bodem boemel boomgaard borstel bouwvak brandweer briefkaart broeder
    bruidspaar buffel buurman cactus cement cijfer circus citroen cobra contact dahlia deksel dennen
    dichter dienblad dijkweg dobber dokter dolfijn donker dorpsplein draaideur driehoek drummer
    duimstok duinpad eekhoorn egel eikel eiland elftal emmer engel erker fabel fakkel fanfare fazant
    feestdag ferry fietsbel filter fluister fontein forel fornuis foto gasfles gebak geitje geluk
    gember gieter giraf gitaar glazen goudvis graniet griffier groente hamer handdoek haring haven
    heester helling herfstblad hijskraan hommel houtvuur huisdier ijsbeer ijzer inktpot jager
    jasmijn jonkheer juffer jutter kaars kachel kalfje kameel kanon kapper kastdeur kater keizer
    kelder kerktoren ketel kikker kippen klaver kleuter klimop knikker koffer kompas konijn koning
    kraanschip krekel kristal kroket kussen kwartel ladder lampje landkaart lava leeuwin lepel
    leraar liter loket luifel magneet mandje marmer masker matroos meeuwen melkweg merel metaal
    meubel mijter molen mossel muziek naaldbos nachtuil nectar nevel nijlpaard noten oester oever
    olie onweer oorbel orgel oven paling paneel papier parel peper perzik piano pinguin piraat
    plafond ploeger poedel polder poster potlood prikbord pruimen pudding puzzel raadhuis rabarber
    radijs raket rapport regen reiger rekstok rivier robijn roeiboot roodborst rozen ruiter saffraan
    sardien schaduw schelpen scherm schipper schoener schommel sering sigaar sikkel slager sleutel
    sneeuwpop spaarpot spiegel sponsor spreeuw staldeur station stempel sterren stoomboot strandbal
    suiker tafel tango tapijt tempel tennis tijger tomaat toren tractor trompet tulpen tunnel
    turnzaal vader vakman varken veldbed venster viool vlinder walvis wekker woestijn wortel zadel
    zebra zeilboot zilver zwembad
"""
_ODD_WORDS: Final = """
    aardbeien abrikoos advocaat agenda akkerland alfabet ambulance ananas antilope apotheek
    aquarel aquarium archivaris artisjok asperge atelier autobus avocado azalea badkamer
    ballerina bananenschil barometer batterij bedevaart begonia bibliotheek bijenkorf biscuitje
    boekhouder boerderij bosbessen boterham bovenbouw brandnetel broccoli buitenlucht
    burgemeester camera caravan catalogus champignon chocola chrysant cilinder clavecimbel
    compagnie componist daglichtlamp dakpannen december detective diamanten directeur dirigent
    document dolomiet dominee donderdag dromedaris druiventros duikboten eendenkooi eetkamer
    eeuwigheid elastiek elektricien element envelop etalage eucalyptus evenaar familie februari
    festival fietsenstalling filosoof flamingo fotograaf framboos galerij gardenia garderobe
    gelatine geologie geranium gereedschap geruchten gladiolen goudsmederij grammatica
    grapefruit gymnastiek hagedissen handelaar handtekening harmonica hazelaar helikopter
    herbergier hersenen hobbelpaard horizon hotelkamer hyacint idealist ijsvogel industrie
    ingenieur inktvissen instrument invitatie italiaan januari jeneverbes journalist juwelier
    kabeljauw kabouter kalligraaf kamerplant kampioen kangoeroe kapitein karamel karavaan
    kardinaal karnemelk kastanje kathedraal keramiek kievieten kilometer klarinet kleermaker
    klimatoloog klokkenspel koekoeksklok komedie komkommer koolmeesje koopvaardij koperdraad
    korenbloem kruidenier laboratorium labyrint lantaarnpaal lavendel leerlooier levertijd
    libelle lijsterbes limonade lindeboom literatuur locomotief luchtballon lucifer luipaarden
    machinist magazijn magnolia makelaar mandarijn mandoline marathon margriet marionet matras
    meander medaille melodie meteoor microscoop middernacht mineraal monument mosterdzaad
    muzikant narcissen natuurkunde neushoorn notaris november oceaan olifant omelet ondergrond
    oorkonde optimist orchidee orkestleden ornament ouderdom paardenbloem paddenstoel panorama
    papegaai paprika parachute paradijs parasol paviljoen pelikaan pepermunt periscoop perkament
    peterselie piccolo pindakaas pionier piramide platina podium politicus pompoenen porselein
    postbode postzegel president professor programma pyjama radiator ravijnen recepties
    regisseur reisgenoten restaurant reuzenrad ridderzaal rododendron rozemarijn rozenbottel
    safari salamander satelliet saxofoon scheepswerf scheikunde schilderij schoolmeester
    secretaris september serenade sinaasappel slagbomen smaragden specerij spijkerbroek
    standbeelden stoelendans symfonie synagoge zonnebloemen
"""
EVEN: Final = tuple(_EVEN_WORDS.split())
ODD: Final = tuple(_ODD_WORDS.split())


def spoken(digest: bytes) -> tuple[str, ...]:
    """One word for each octet."""
    return tuple((ODD if place % 2 else EVEN)[octet] for place, octet in enumerate(digest))


def spoken_lines(digest: bytes) -> tuple[str, ...]:
    """The words in numbered lines of eight, as they are read aloud."""
    words = spoken(digest)
    return tuple(
        f"{start // WORDS_PER_LINE + 1}:  " + " ".join(words[start : start + WORDS_PER_LINE])
        for start in range(0, len(words), WORDS_PER_LINE)
    )
