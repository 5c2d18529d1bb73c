"""Writes geocode_queries.csv: what people type for real places, and where these are.

Run from this folder. Two kinds of rows: `hand`, typed by hand for a named place of the data, and rows made by the rules
below from places drawn with a fixed seed. Positions come from the data alone: the address or crossing of a case of the
city's hotline, or the point of the named place. Rows are never removed because the geocoder misses them.
"""
import csv, gzip, math, random, re, unicodedata

rng = random.Random(20150923)
ROOT = '../../../../demo/boston/'


def rows(path):
    with gzip.open(path, 'rt', encoding='utf8') as f:
        return list(csv.DictReader(f))


def metres(a, b):
    k = math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot((a[0] - b[0]) * k, a[1] - b[1]) * 111195


def away(p, east, north):
    return (p[0] + east / 111195 / math.cos(math.radians(p[1])), p[1] + north / 111195)


out = []


def add(city, query, p, rule, place):
    out.append((city, query, '%.5f' % p[0], '%.5f' % p[1], rule, place))


def typo(text):
    """One slip in the longest word: swapped, dropped, doubled or neighbouring letter."""
    words = text.split(' ')
    i = max(range(len(words)), key=lambda j: len(words[j]))
    w = words[i]
    if len(w) < 5:
        return text
    at = rng.randrange(1, len(w) - 2)
    kind = rng.randrange(4)
    near = dict(zip('qwertyuiopasdfghjklzxcvbnm', 'wertyuioopsdfghjkllxcvbnmm'))
    if kind == 0:
        w = w[:at] + w[at + 1] + w[at] + w[at + 2:]
    elif kind == 1:
        w = w[:at] + w[at + 1:]
    elif kind == 2:
        w = w[:at] + w[at] + w[at:]
    else:
        w = w[:at] + near.get(w[at].lower(), 'e') + w[at + 1:]
    words[i] = w
    return ' '.join(words)


LONG = {'St': 'Street', 'Ave': 'Avenue', 'Rd': 'Road', 'Ter': 'Terrace', 'Pl': 'Place', 'Sq': 'Square', 'Ct': 'Court',
        'Ln': 'Lane', 'Dr': 'Drive', 'Blvd': 'Boulevard', 'Pkwy': 'Parkway', 'Hwy': 'Highway', 'Cir': 'Circle'}


def long(text):
    return ' '.join(LONG.get(w, w) for w in text.split(' '))


# ---- Boston: addresses and crossings of hotline cases -----------------------------------------------------------
UNLOCATED = ('42.359400', '-71.058700')
address, crossing = {}, {}
for case in rows(ROOT + 'boston311_2015.csv.gz'):
    if (case['lat'], case['lon']) == UNLOCATED:
        continue
    p = (float(case['lon']), float(case['lat']))
    s = case['street']
    if s.startswith('INTERSECTION '):
        crossing.setdefault(s[13:], []).append(p)
    elif re.match(r'\d+ ', s) or re.match(r'\d+-\d+ ', s):
        address.setdefault(s, []).append((p, case['neighborhood'].split(' / ')[0].strip()))


def one_place(points):
    return all(metres(points[0], p) < 150 for p in points)


def held_out(text):
    """As in the test: one address of five is not in the index and must be placed between its neighbours."""
    return sum(text.encode()) % 5 == 0


single = sorted(a for a, v in address.items() if one_place([p for p, _ in v]))
drawn = rng.sample(single, 400)
known = [a for a in drawn if not held_out(a)]
unknown = [a for a in drawn if held_out(a)]
forms = [
    ('as written', lambda s, n: s),
    ('long words, city', lambda s, n: long(s) + ', Boston'),
    ('small letters', lambda s, n: s.lower()),
    ('neighbourhood', lambda s, n: long(s) + ', ' + n if n else s + ', Boston MA'),
    ('slip of the finger', lambda s, n: typo(s) + (', ' + n if n else '')),
    ('ending left out', lambda s, n: ' '.join(s.split(' ')[:-1]) + (' ' + n if n else '') if len(s.split(' ')) > 2 else s),
    ('capitals', lambda s, n: s.upper() + ' ' + n.upper()),
    ('number behind', lambda s, n: ' '.join(s.split(' ')[1:]) + ' ' + s.split(' ')[0] + (', ' + n if n else '')),
]
for i, a in enumerate(known[:48]):
    p, n = address[a][0]
    rule, form = forms[i % len(forms)]
    add('boston', form(a, n), p, 'address, ' + rule, a)
for i, a in enumerate(unknown[:40]):
    p, n = address[a][0]
    rule, form = forms[i % 4]
    add('boston', form(a, n), p, 'unknown number, ' + rule, a)

crossings = sorted(c for c, v in crossing.items() if one_place(v) and ' & ' in c)
joins = [
    ('&', lambda a, b: f'{a} & {b}'),
    ('and', lambda a, b: f'{long(a)} and {long(b)}'),
    ('corner of', lambda a, b: f'corner of {a} and {b}'),
    ('@, small', lambda a, b: f'{a.lower()} @ {b.lower()}'),
    ('/', lambda a, b: f'{b} / {a}'),
    ('intersection of', lambda a, b: f'intersection of {long(b)} and {long(a)}'),
    ('no endings', lambda a, b: ' '.join(a.split(' ')[:-1]) + ' and ' + ' '.join(b.split(' ')[:-1])),
    ('slip', lambda a, b: f'{typo(a)} & {b}'),
    ('at', lambda a, b: f'{a} at {b}, Boston'),
]
for i, c in enumerate(rng.sample(crossings, 54)):
    a, b = c.split(' & ')[:2]
    rule, join = joins[i % len(joins)]
    add('boston', join(a, b), crossing[c][0], 'crossing, ' + rule, c)

# ---- Boston: named places ----------------------------------------------------------------------------------------
pois = [p for p in rows(ROOT + 'osm_poi.csv.gz') if p['name']]
by_name = {}
for p in pois:
    by_name.setdefault(p['name'], []).append((float(p['lon']), float(p['lat'])))
unique = {n: v[0] for n, v in by_name.items() if one_place(v)}
wanted = {'school', 'park', 'museum', 'hospital', 'library', 'lodging', 'theatre', 'place_of_worship', 'restaurant',
          'shop', 'playground', 'college', 'town_hall', 'stadium', 'cafe'}
pool = sorted(p['name'] for p in pois if p['class'] in wanted and p['name'] in unique and len(p['name'].split()) >= 2)
drawn = rng.sample(sorted(set(pool)), 40)
for i, n in enumerate(drawn):
    p = unique[n]
    words = n.split(' ')
    if i % 5 == 0:
        add('boston', n.lower(), p, 'place, small letters', n)
    elif i % 5 == 1:
        add('boston', typo(n), p, 'place, slip', n)
    elif i % 5 == 2:
        add('boston', ' '.join(words[:-1]) if len(words) > 2 else n, p, 'place, last word left out', n)
    elif i % 5 == 3:
        add('boston', 'opposite ' + n, p, 'opposite a place', n)
    else:
        d, (e, k) = rng.choice([(100, (0, 1)), (200, (1, 0)), (150, (-1, 0)), (300, (0, -1))])
        word = {(0, 1): 'north', (1, 0): 'east', (-1, 0): 'west', (0, -1): 'south'}[(e, k)]
        add('boston', f'{d}m {word} of {n}', away(p, e * d, k * d), 'distance and direction', n)

HAND_BOSTON = [
    ('fanueil hall', 'Faneuil Hall'), ('td garden', 'TD Garden'), ('the boston garden arena TD', 'TD Garden'),
    ('franklin park zoo', 'Franklin Park Zoo'), ('Franklin Pk Zoo', 'Franklin Park Zoo'),
    ('bunker hill monument', 'Bunker Hill Monument'), ('bunkerhill monument', 'Bunker Hill Monument'),
    ('Mass Eye and Ear', 'Massachusetts Eye and Ear'), ('mass. eye & ear', 'Massachusetts Eye and Ear'),
    ('harvard stadium', 'Harvard Stadium'), ('Harvard Univ. Art Museums', 'Harvard Art Museums'),
    ('gibson house museum', 'Gibson House'), ('nickols house museum', 'Nichols House Museum'),
    ('USS Casin Young', 'USS Cassin Young'), ('cutler majestic theatre', 'Cutler Majestic Theater'),
    ('berklee performance ctr', 'Berklee Performance Center'), ('matthews arena', 'Matthews Arena'),
    ('cambridge city hall', 'Cambridge City Hall'), ('belmont town hall', 'Belmont Town Hall'),
    ('suffolk downs', 'Suffolk Downs Raceway'), ('frog pond', 'Frog Pond'),
    ('boston public market', 'Boston Public Market'), ('copley pl', 'Copley Place'),
    ('angell animal med ctr', 'Angell Animal Medical Center'), ('legoland', 'LEGOLAND Discovery Center'),
    ('Boston Harbor Htl', 'Boston Harbor Hotel'), ('near Boston Harbor Hotel', 'Boston Harbor Hotel'),
    ('across from TD Garden', 'TD Garden'), ('next to Frog Pond', 'Frog Pond'),
    ('behind Cambridge City Hall', 'Cambridge City Hall'), ('fairview cemetary', 'Fairview Cemetery'),
    ('Emerson Coll. Library', 'Emerson College Library'), ('brighton branch lib', 'Brighton Branch Library'),
    ('paul revere statue', 'Paul Revere Statue'), ('coolidge corner theatre', 'Coolidge Corner Theater'),
    ('time out market', 'Time Out Market Boston'), ('regal fenway', 'Regal Fenway & RPX'),
    ('veggie galaxy', 'Veggie Galaxy'), ('vegie galaxy', 'Veggie Galaxy'), ('amc south bay', 'AMC South Bay Center 12'),
    ('gordons fine wine and liquors', "Gordon's Fine Wine & Liquors"), ('long wharf ferry', 'Long Wharf (North) Ferry Terminal'),
]
for q, n in HAND_BOSTON:
    if n in unique:
        add('boston', q, unique[n], 'hand', n)
    else:
        print('left out, not one place in the data:', q, n)
HAND_POINTS = [
    ('42.3601, -71.0589', (-71.0589, 42.3601)), ('-71.0589 42.3601', (-71.0589, 42.3601)),
    ('42.3601N 71.0589W', (-71.0589, 42.3601)), ("42°21'36\"N 71°3'32\"W", (-71.05889, 42.36)),
]
for q, p in HAND_POINTS:
    add('boston', q, p, 'hand, coordinates', 'coordinates')
HAND_STREETS = [
    ('700 Comm Ave', '700 Commonwealth Ave'), ('1260 Mass Ave', '1260 Massachusetts Ave'), ('698 huntington', '698 Huntington Ave'),
    ('1867 comm ave brighton', '1867 Commonwealth Ave'), ('33 Beacon', '33 Beacon St'), ('786 Bluehill Ave', '786 Blue Hill Ave'),
    ('144 Becon St', '144 Beacon St'), ('561 East 6th Street South Boston', '561 E Sixth St'),
    ('776 E. 4th St.', '776 E Fourth St'), ('100 1st Avenue Charlestown', '100 First Ave'),
    ('145 Ipswich St', '145-151 Ipswich St'), ('149 ipswich', '145-151 Ipswich St'), ('52 East Springfield', '52 E Springfield St'),
    ('2085 Washington Street Roxbury', '2085-2087 Washington St'), ('opposite 100 First Ave, Charlestown', '100 First Ave'),
    ('200 ft north of 144 Beacon St', '144 Beacon St'), ('near 443 Harrison Ave', '443 Harrison Ave'),
    ('270 babcok st', '270 Babcock St'), ('no. 30 Gloucester Street', '30 Gloucester St'), ('46 claybourne street dorchester', '46-48 Claybourne St'),
]
for q, a in HAND_STREETS:
    p = address[a][0][0] if a in address else None
    if p is None:
        print('left out, no case there:', q, a)
    else:
        add('boston', q, away(p, 0, 61) if q.startswith('200 ft') else p, 'hand, address', a)

# ---- Hong Kong ---------------------------------------------------------------------------------------------------
places = rows('hongkong_named_places.csv.gz')
han = re.compile('[\u3400-\u9fff]')


def split(row):
    """Chinese and English part of a name."""
    name, en = row['name'], row['name_en']
    if not han.search(name):
        return '', name
    m = re.match(r'^(.*[\u3400-\u9fff（）()0-9]+)\s+([A-Za-z].*)$', name)
    if m and not han.search(m.group(2)):
        return m.group(1).strip(), m.group(2).strip()
    m = re.match(r'^([A-Za-z][^\u3400-\u9fff]*?)\s+([\u3400-\u9fff].*)$', name)
    if m:
        return m.group(2).strip(), m.group(1).strip()
    return name, en


at_zh, at_en, pair = {}, {}, []
for row in places:
    p = (float(row['lon']), float(row['lat']))
    zh, en = split(row)
    if zh:
        at_zh.setdefault(zh, []).append(p)
    if en:
        at_en.setdefault(en, []).append(p)
    if zh and en and row['class'] in {'museum', 'school', 'hospital', 'park', 'library', 'town_hall', 'attraction', 'police',
                                      'lodging', 'place_of_worship', 'college', 'sports_centre'}:
        pair.append((zh, en, p))
one = sorted({(zh, en, p) for zh, en, p in pair if one_place(at_zh[zh]) and one_place(at_en[en]) and len(zh) >= 4 and han.fullmatch(zh[0])
              and not re.search(r'[A-Za-z(（]', zh)})
drawn = rng.sample(one, 72)
S = dict(zip('醫學書館體灣門東華樓學場遊樂國聖會寶廟龍島長馬區員觀園際幼兒園爾愛黃陳葉農濟龜圖電車歷達麗豐澤聯興榮維進運動養聲應護顧論許連開關單',
             '医学书馆体湾门东华楼学场游乐国圣会宝庙龙岛长马区员观园际幼儿园尔爱黄陈叶农济龟图电车历达丽丰泽联兴荣维进运动养声应护顾论许连开关单'))
for i, (zh, en, p) in enumerate(drawn):
    k = i % 9
    if k == 0:
        add('hongkong', ''.join(S.get(c, c) for c in zh), p, 'zh, simplified', zh)
    elif k == 1:
        add('hongkong', zh[:max(3, len(zh) - 2)], p, 'zh, end left out', zh)
    elif k == 2:
        add('hongkong', en.lower(), p, 'en, small letters', en)
    elif k == 3:
        add('hongkong', typo(en), p, 'en, slip', en)
    elif k == 4:
        d, (e, n), w = rng.choice([(200, (0, 1), '北'), (100, (1, 0), '東'), (300, (-1, 0), '西'), (150, (0, -1), '南')])
        add('hongkong', f'{zh}以{w}{d}米', away(p, e * d, n * d), 'zh, distance and direction', zh)
    elif k == 5:
        add('hongkong', zh + rng.choice(['對面', '附近', '旁邊', '門口']), p, 'zh, opposite or near', zh)
    elif k == 6:
        add('hongkong', '香港' + zh, p, 'zh, city before', zh)
    elif k == 7:
        add('hongkong', zh[2:] if len(zh) >= 7 else zh, p, 'zh, beginning left out', zh)
    else:
        words = en.split(' ')
        add('hongkong', ' '.join(words[:-1]) if len(words) > 3 else en.upper(), p, 'en, last word left out', en)
HAND_HK = [
    ('香港科技大学', '香港科技大學'), ('xianggang keji daxue', '香港科技大學'), ('kejidaxue', '香港科技大學'), ('xgkjdx', '香港科技大學'),
    ('HKUST Library', '香港科技大學李兆基圖書館'), ('xianggang haishi bowuguan', '香港海事博物館'), ('香港海市博物馆', '香港海事博物館'),
    ('海事博物馆', '香港海事博物館'), ('HK maritime musuem', '香港海事博物館'), ('xghsbwg', '香港海事博物館'),
    ('律敦治医院', '律敦治醫院'), ('ruttonjee hosp', '律敦治醫院'), ('rutonjee hospital', '律敦治醫院'), ('lvdunzhi yiyuan', '律敦治醫院'),
    ('三栋屋博物馆', '三棟屋博物館'), ('3棟屋博物館', '三棟屋博物館'), ('sandongwu bowuguan', '三棟屋博物館'), ('sam tung uk', '三棟屋博物館'),
    ('李郑屋汉墓', '李鄭屋漢墓博物館'), ('lei cheng uk museum', '李鄭屋漢墓博物館'), ('怡和午炮', '怡和午砲'), ('noon day gun', '怡和午砲'),
    ('添马公园', '添馬公園'), ('tianma gongyuan', '添馬公園'), ('tamar pk', '添馬公園'), ('添馬公園東北200米', '添馬公園'),
    ('200m NE of Tamar Park', '添馬公園'), ('天马公园', '添馬公園'), ('香港演艺学院', '香港演藝學院'), ('xgyyxy', '香港演藝學院'),
    ('academy for performing arts', '香港演藝學院'), ('基督教联合医院', '基督教聯合醫院'), ('united christian hosp.', '基督教聯合醫院'),
    ('又一城', '又一城'), ('festival walk', '又一城'), ('Festivalwalk', '又一城'), ('youyicheng', '又一城'), ('文华东方酒店', '香港文華東方酒店'),
    ('mandarin oriental', '香港文華東方酒店'), ('帝国酒店', '帝國酒店'), ('旺角社区会堂', '旺角社區會堂'), ('Mongkok Community Hall', '旺角社區會堂'),
    ('屯門公共圖書館', '屯門公共圖書館'), ('tuen mun library', '屯門公共圖書館'), ('tunmen gonggong tushuguan', '屯門公共圖書館'),
    ('沙頭角診所', '沙頭角普通科門診診所'), ('西湾河健康中心', '西灣河健康中心'), ('Sai Wan Ho health center', '西灣河健康中心'),
    ('牛头角警署', '牛頭角警署'), ('牛头角警察署', '牛頭角警署'), ('opposite Ngau Tau Kok Police Station', '牛頭角警署'), ('上水警署對面', '上水警署'),
    ('上水警署', '上水警署'), ('Sheung Shui Police Stn', '上水警署'), ('华威酒店', '華威酒店'), ('warwick hotel', '華威酒店'),
    ('大浦浸信會', '大埔浸信會'), ('tai po baptist', '大埔浸信會'), ('聯合道公園', '聯合道公園'), ('junction rd park', '聯合道公園'),
    ('香港視覺藝術中心', '香港視覺藝術中心'), ('visual arts centre', '香港視覺藝術中心'), ('挂山邓族文物馆', '香港屏山鄧族文物館'),
    ('屏山邓族文物馆', '香港屏山鄧族文物館'), ('ping shan tang clan', '香港屏山鄧族文物館'),
]
D = 200 / math.sqrt(2)
for q, zh in HAND_HK:
    if zh in at_zh and one_place(at_zh[zh]):
        p = at_zh[zh][0]
        if '東北200' in q or q.startswith('200m NE'):
            p = away(p, D, D)
        add('hongkong', q, p, 'hand', zh)
    else:
        print('left out, not one place in the data:', q, zh, len(at_zh.get(zh, [])))
with open('geocode_queries.csv', 'w', encoding='utf8', newline='') as f:
    w = csv.writer(f, lineterminator='\n')
    w.writerow(['city', 'query', 'lng', 'lat', 'rule', 'place'])
    w.writerows(out)
print(len(out), {c: sum(r[0] == c for r in out) for c in ('boston', 'hongkong')})
