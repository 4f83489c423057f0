"""Writes small templates for every feature with what Python's jinja2 makes of them: python3 features.py FILE."""

import sys

import environment

VARIABLES = {
    "n": 42,
    "neg": -7,
    "f": 3.75,
    "big": 12345678901234567890,
    "s": "Hello, World",
    "padded": "  \t some text \n ",
    "lines": "one\ntwo\r\nthree\n\nfive",
    "uni": "Größe naïve 😀 日本",
    "empty": "",
    "nothing": None,
    "yes": True,
    "no": False,
    "l": [3, 1, 2],
    "words": ["banana", "Apple", "cherry", "apple"],
    "mixed": [1, "two", None, True, 2.5, [1, 2], {"k": "v"}],
    "d": {"b": 1, "a": 2, "C": 3},
    "deep": {"x": {"y": [{"z": "found"}]}, "items": "shadowed", "with space": 1},
    "users": [
        {"name": "Ada", "age": 36, "city": "London", "active": True, "tags": ["x", "y"]},
        {"name": "bob", "age": 25, "city": "paris", "active": False, "tags": []},
        {"name": "Cy", "age": 36, "city": "Paris", "active": True},
    ],
    "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}, {"v": 5, "c": []}],
    "tool": {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"q": {"type": "string", "enum": ["a", "ü"]}}}}},
}

EXPRESSIONS = r"""
1 + 2
7 - 10
6 * 7
7 / 2
8 / 2
7 // 2
-7 // 2
7 // -2
-7.5 // 2
7 % 3
-7 % 3
7 % -3
-7.5 % 2
7.5 % -2
2 ** 10
2 ** -1
2 ** 0.5
2 ** 3 ** 2
-2 ** 2
(-8) ** 2
0 ** 0
1 / 0
1 // 0
1 % 0
1.5 % 0
0 ** -1
1 + 2 * 3 - 4 / 2
(1 + 2) * 3
10 - 2 - 3
100 / 10 / 2
1 + 1.0
true + true
true * 3
9223372036854775807 + 1
-9223372036854775808 - 1
9223372036854775807 * 2
big
big + 1
big // 7
big % 1000
2 ** 200
-(2 ** 64) // 3
-(2 ** 64) % 10
big / 2
big == 12345678901234567890.0
10 ** 20 > 1e19
- -5
+5
-n
+f
-true
1_000_000
0x1F
0b101
0o17
1e3
1.5e-7
1_0.5_0
1e16
1e15
123456789012345680.0
0.1 + 0.2
1e-5
0.0001
1.0
-0.0
100.0
5e-324
1.7976931348623157e308
1e22
1e23
1e400
-1e400
1e400 - 1e400
3.0 * 2
f
f * 2
'a' + 'b'
'ab' * 3
3 * 'ab'
'ab' * -1
[1, 2] * 2
(1, 2) * 2
[1] + [2, 3]
(1,) + (2,)
'a' + 1
1 + 'a'
[1] + (2,)
none + 1
'a' ~ 1 ~ none ~ true ~ 2.5 ~ [1]
1 ~ 2 + 3
'a' 'b' "c"
1 < 2
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1
1 == 1.0
true == 1
1 == '1'
'a' < 'b'
'B' < 'a'
'a' < 1
[1, 2] < [1, 3]
[1] < [1, 2]
(1, 2) == (1, 2)
[1, 2] == (1, 2)
{'a': 1} == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
{'a': 1} != {'a': 2}
none == none
none < 1
undefined_name == undefined_name
undefined_name == none
undefined_name != 1
nothing is none
1 in [1, 2]
1.0 in [1, 2]
3 not in l
'ell' in s
'' in s
1 in 'a'
'a' in d
'z' not in d
1 in 5
'x' in undefined_name
not 1
not ''
not not 1
not 1 == 2
1 and 2
0 and 2
'' or 'x'
none or 0 or 'z'
1 or undefined_name.x
0 and undefined_name.x
'yes' if n > 1 else 'no'
'yes' if n < 1 else 'no'
'yes' if n > 1
'yes' if n < 1
('yes' if n < 1) is defined
1 if 0 else 2 if 0 else 3
'a' if yes and not no else 'b'
[1, 'two', 3.0, none, true]
(1, 2, 3)
(1,)
()
[]
{}
{'a': 1, 'b': [1, {'c': none}]}
{1: 'x', 2.5: 'y', none: 'z', true: 'one'}
{'a': 1,}
[1, 2,]
1, 2
{'x': "it's", "y": 'say "hi"', 'z': 'both \' and "'}
['a\nb', 'tab\t', 'back\\slash', 'é', '\x00', '\u200b', '😀', '\x7f', '\xa0']
'\x41\u00e9\U0001F600\101\a\b\f\v\q'
"a\
b"
'\''
"\""
mixed
d
deep
users[0]
l[0]
l[-1]
l[5]
l[5] is defined
l['0']
l[1.0]
l[true]
s[0]
s[-1]
s[100]
uni[12]
uni[-1]
uni[11:14]
uni[::-1]
uni | length
l[1:]
l[:1]
l[:-1]
l[::2]
l[::-1]
l[-2:]
l[10:]
l[-10:10]
l[2:0:-1]
l[::0]
s[1:4]
s[:5]
s[-5:]
s[::-2]
s[3:1]
s[none:3]
(1, 2, 3, 4)[1:3]
range(10)[2:8:2] | list
range(10)[::-1] | list
d['a']
d['zz']
d['zz'] is defined
d.a
d.zz
d.zz.y
d.items is callable
deep.items is callable
deep['items']
deep.x.y[0].z
deep.x.y.0.z
deep['with space']
deep.x['y'][0]['z']
users.0.name
nothing.x
nothing['x']
n.x
n.x is defined
s.nope is undefined
s.upper is callable
undefined_name
undefined_name.x
undefined_name[0]
undefined_name()
undefined_name + 1
-undefined_name
undefined_name ~ 'x'
undefined_name | length
undefined_name | upper
undefined_name | list
undefined_name | default('d')
undefined_name.x | default('d')
d.zz | default('d')
nothing | default('d')
nothing | default('d', true)
'' | default('d', boolean=true)
undefined_name | d
undefined_name < 1
undefined_name in l
undefined_name | join(',')
undefined_name | tojson
undefined_name | int
undefined_name | trim
[undefined_name]
d[[1]]
d[undefined_name]
n is defined
n is number
yes is number
yes is integer
n is integer
f is float
n is float
yes is boolean
n is boolean
yes is true
n is true
no is false
nothing is none
nothing is not none
n is not none
s is string
n is string
l is sequence
s is sequence
d is sequence
n is sequence
nothing is sequence
range(3) is sequence
(l | map('string')) is sequence
l is iterable
s is iterable
n is iterable
d is iterable
nothing is iterable
undefined_name is iterable
undefined_name is sequence
(l | map('string')) is iterable
d is mapping
l is mapping
undefined_name is mapping
4 is even
3 is odd
3.0 is odd
3 is even
9 is divisibleby 3
9 is divisibleby(4)
9 is not divisibleby 4
n is eq 42
n is equalto 42
n == 42 is true
n is ne 42
n is gt 41
n is greaterthan(50)
n is ge 42
n is lt 43
n is lessthan 5
n is le 42
1 is in [1, 2]
5 is not in [1, 2]
none is sameas none
yes is sameas true
1 is sameas 1.0
'abc' is lower
'ABC' is upper
'Abc' is lower
'' is lower
'upper' is filter
'nope' is filter
'odd' is test
n is nope
n | nope
'a' if true else (n | nope)
range is callable
undefined_name is callable
n is callable
s is escaped
n is defined and s is string or false
n is defined == true
1 is string == false
-3 | abs
-3.5 | abs
true | abs
'x' | abs
('abc' | attr('upper')) is callable
d | attr('a')
d | attr('items') is callable
[1,2,3,4,5] | batch(2) | list
[1,2,3,4,5] | batch(2, 'x') | list
[] | batch(2) | list
'hELLO wORLD' | capitalize
'ß' | capitalize
123 | capitalize
'foo' | center(11) ~ '|'
'foo' | center(10) ~ '|'
'fooo' | center(9) ~ '|'
l | count
d | length
s | length
n | length
nothing | length
d | dictsort
d | dictsort(true)
d | dictsort(false, 'value')
d | dictsort(reverse=true)
d | dictsort(by='nope')
l | dictsort
'<a href="x">&\'</a>' | escape
'<' | e
l | first
[] | first
[] | first is defined
s | first
d | first
undefined_name | first
l | last
s | last
[] | last
d | last
(l | map('string')) | last
'3.7' | float
'x' | float
'x' | float(1.5)
5 | float
true | float
' 1e3 ' | float
'1_000.5' | float
'inf' | float
'nan' | float
nothing | float
l | float(7)
'42' | int
'42.9' | int
'-42.9' | int
'x' | int
'x' | int(7)
'x' | int(default=7)
42.9 | int
-42.9 | int
true | int
nothing | int
'0x1F' | int(base=16)
'0x1F' | int(0, 16)
'ff' | int(0, 16)
'0b11' | int(base=0)
'0b11' | int
' 12 ' | int
'1_000' | int
'1__0' | int
'z' | int(base=36)
'-5' | int
'+5' | int
'' | int
'inf' | int
1e300 | int
'%s is %d years' | format('Ada', 36)
'%(a)s-%(b)05.1f' | format(a='x', b=2.345)
'%s' | format(1, 2)
'%s %s' | format(1)
users | groupby('age') | map('first') | list
users | groupby('city') | map('length') | list
users | groupby('city', case_sensitive=true) | map(attribute='grouper') | list
users | groupby('city') | map(attribute='list') | map('length') | list
users | groupby('nope', default='none') | length
'a\nb\n\nc' | indent
'a\nb\n\nc' | indent(2)
'a\nb\n\nc' | indent(2, true)
'a\nb\n\nc' | indent(2, false, true)
'a\nb\n\nc' | indent(first=true, blank=true, width=3)
'a\nb' | indent('> ')
'a\nb\n' | indent(1) ~ '|'
'' | indent(2, true) ~ '|'
n | indent
[1, 2] | join
[1, 2] | join('|')
[1, none, true, 'x', 2.5, undefined_name] | join(', ')
users | join(', ', attribute='name')
users | join(attribute='tags.0')
s | join('-')
n | join
d | join(',')
[[1], [2]] | join(',')
s | list
d | list
(1, 2) | list
range(3) | list
n | list
'ABC' | lower
'ΑΣ ΟΔΥΣΣΕΥΣ' | lower
'İ' | lower | length
users | map(attribute='name') | list
users | map(attribute='nope') | list
users | map(attribute='nope', default='-') | list
users | map(attribute='tags.0', default='-') | list
words | map('upper') | list
words | map('replace', 'a', 'o') | list
words | map('truncate', 3, true, '') | list
l | map('string') | join('+')
words | map('nope') | list
words | map | list
nothing | map('upper') | list
(words | map('upper')) | length
[[3, 'c'], [1, 'a']] | map(attribute=1) | list
[[3, 'c'], [1, 'a']] | map('last') | list
l | max
l | min
[] | max
words | max
words | min
words | max(case_sensitive=true)
users | max(attribute='age')
users | min(attribute='age') | attr('x') is undefined
[1, 'a'] | max
[1, 2, 3, 4] | reject('odd') | list
[1, 2, 3, 4] | select('odd') | list
[1, 2, 3, 4] | select('gt', 2) | list
[0, 1, '', 'x', none] | select | list
[0, 1, '', 'x', none] | reject | list
[1, none, 2] | select('none') | list
[1, none, 2] | reject('none') | list
words | select('equalto', 'cherry') | list
words | select('in', ['cherry', 'x']) | list
users | selectattr('active') | map(attribute='name') | list
users | rejectattr('active') | map(attribute='name') | list
users | selectattr('age', 'eq', 36) | map(attribute='name') | list
users | selectattr('age', '>=', 30) | map(attribute='name') | list
users | selectattr('tags', 'defined') | map(attribute='name') | list
users | selectattr('tags', 'undefined') | map(attribute='name') | list
users | rejectattr('name', 'equalto', 'Ada') | list | length
users | selectattr('name', 'nope') | list
users | selectattr | list
'yes' if users | selectattr('nope') else 'no'
(users | selectattr('active') | list)[0].name
users | selectattr('active') | first
'abcabc' | replace('a', 'x')
'abcabc' | replace('a', 'x', 1)
'abc' | replace('', '-')
'abc' | replace('', '-', 2)
'abc' | replace('', '-', 0)
'😀b' | replace('', '-')
121 | replace(1, 'x')
l | reverse | list
s | reverse
uni | reverse
d | reverse | list
n | reverse
42.55 | round
42.45 | round(1)
2.5 | round
3.5 | round
0.125 | round(2)
2.675 | round(2)
-2.5 | round
1234.5 | round(-2)
1250 | round(-2)
1350 | round(-2)
42 | round
42 | round(2)
42.1 | round(0, 'ceil')
42.9 | round(0, 'floor')
42.55 | round(1, 'floor')
42.51 | round(1, 'ceil')
42 | round(method='floor')
42.5 | round(method='nope')
1e300 | round(2)
1.005 | round(2)
'x' | round
s | safe
'abcdef' | slice(3) | list
[1,2,3,4,5,6,7] | slice(3) | list
[1,2,3,4,5,6,7] | slice(3, 'x') | list
l | sort
l | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
words | sort(reverse=true)
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name', reverse=true) | map(attribute='name') | list
users | sort(attribute='nope') | length
[1, 'a'] | sort
[[2, 'b'], [1, 'z'], [1, 'a']] | sort
d | sort
s | sort | join
[true, false, 1, 0.5] | sort
[] | sort
n | string
nothing | string
mixed | string
l | sum
[] | sum
[0.1, 0.2] | sum
users | sum(attribute='age')
l | sum(start=10)
['a', 'b'] | sum
[[1], [2]] | sum(start=[])
'hello wORLD foo-bar (baz) [qux] {x} <y>' | title
"it's a dog's life" | title
'2nd élan' | title
{'a': 1, 'b': [1, 2.0, none, true, 'x']} | tojson
'"quoted" \\ \n\r\t\b\f \x01 é 😀 <&> \x7f \u2028' | tojson
'é😀\x7f' | tojson(ensure_ascii=true)
'é😀' | tojson(true)
d | tojson(indent=2)
mixed | tojson(indent=4)
{} | tojson(indent=2)
[] | tojson(indent=2)
[[], {}] | tojson(indent=1)
d | tojson(sort_keys=true)
d | tojson(separators=(',', ':'))
d | tojson(indent='--')
d | tojson(indent=0)
tool | tojson
tool | tojson(indent=4)
{1: 'a', none: 'b', true: 'c', 2.5: 'd'} | tojson
(1, 2) | tojson
1e20 | tojson
1.0 | tojson
0.1 | tojson
big | tojson
range(3) | tojson
d.items() | tojson
(l | map('string')) | tojson
uni | tojson
'  x  ' | trim ~ '|'
'xxaxx' | trim('x')
'abcba' | trim('ab')
padded | trim
'😀a😀' | trim('😀')
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(11)
'foo bar baz qux' | truncate(11, false, '...', 0)
'foobarbazqux' | truncate(5, end='!', leeway=0)
'foo bar baz qux' | truncate(2)
uni | truncate(8, true, '', 0)
n | truncate(3)
l | truncate(3)
words in d
undefined_name in d
words | unique | list
words | unique(case_sensitive=true) | list
[1, 1.0, true, 2] | unique | list
users | unique(attribute='age') | map(attribute='name') | list
[[1], [1]] | unique | list
'abc' | upper
'straße ﬁ' | upper
'a b/c?d=é&' | urlencode
{'a b': 1, 'c': 'd/e'} | urlencode
[('a', 1), ('b', 'ü')] | urlencode
n | urlencode
'hello big-world it\'s 3 é' | wordcount
'' | wordcount
d | items | list
undefined_name | items | list
l | items | list
s.upper()
s.lower()
'hELLO wORLD'.title()
"it's 3rd x2y".title()
'hELLO'.capitalize()
'Hello'.swapcase()
padded.strip()
padded.lstrip() ~ '|'
padded.rstrip() ~ '|'
'xxabcxx'.strip('x')
'abcxyz'.lstrip('cba')
'abcxyz'.rstrip('zyx')
'abc'.strip('')
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.split(',', maxsplit=1)
'a,b,c'.split(',', 0)
'a,b,c'.rsplit(',', 1)
'a,b,c'.rsplit(',')
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.split(maxsplit=0)
' a  b c '.rsplit(none, 1)
' a  b c '.rsplit()
''.split()
''.split(',')
'abc'.split('')
'a--b--c'.split('--')
'</think>answer'.split('</think>')
lines.splitlines()
lines.splitlines(true)
''.splitlines()
'a\x0bb\x0cc\x1cd\u2028e\x85f'.splitlines()
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('=')
'abc'.rpartition('=')
s.startswith('Hell')
s.startswith(('x', 'Hell'))
s.startswith('ello', 1)
s.startswith('ello', 1, 3)
s.startswith(1)
s.startswith(['H'])
s.endswith('World')
s.endswith(('x', 'ld'))
s.endswith('')
s.replace('l', 'L')
s.replace('l', 'L', 2)
s.replace('', '.')
s.find('o')
s.find('o', 5)
s.find('o', 5, 8)
s.find('zz')
s.find('')
s.find('', 100)
s.rfind('o')
s.rfind('')
s.index('W')
s.index('zz')
s.rindex('o')
uni.find('日')
uni.index('😀')
s.count('l')
s.count('')
s.count('l', 4)
'aaaa'.count('aa')
','.join(['a', 'b'])
','.join([1])
','.join('abc')
','.join(d)
'{} and {}'.format(1, 'x')
'{0} {1} {0}'.format('a', 'b')
'{name} is {age:>5}|'.format(name='Ada', age=36)
'{:<6}|{:^6}|{:>6}|{:*^7}|'.format('a', 'b', 'c', 'd')
'{:05d} {:+d} {:x} {:X} {:#x} {:b} {:#o} {:,} {:_}'.format(42, 42, 255, 255, 255, 5, 8, 1234567, 1234567)
'{:.2f} {:8.3f} {:e} {:.3e} {:g} {:%} {:.1%} {:,.2f}'.format(3.14159, 2.5, 12345.678, 0.00012345, 1e10, 0.5, 0.123, 1234567.891)
'{:.3} {:.10}'.format('abcdef', 'abc')
'{!r} {!s}'.format('x', 'y')
'{{}} {}'.format(1)
'{} {}'.format(1)
'{x}'.format(y=1)
'{0[a]} {0[b]}'.format(d)
'{0[0]} {0[2]}'.format(l)
'{:d}'.format('x')
'{:s}'.format(1)
'{:5}|{:5}|{:<5}|'.format(1, 'a', 2)
'{:08.2f}|{:+.1f}|{: d}'.format(-3.14159, 2.0, 7)
'{'.format()
'{:.0f} {:.0f} {:.0f}'.format(0.5, 1.5, 2.5)
'{:g} {:g} {:g} {:g}'.format(0.0001, 0.00001, 123456.0, 1234567.0)
'{}'.format(1.0)
'{:>8}'.format(1.5)
'{:.3}'.format(1234.5)
'%s %s' % ('a', 1)
'%s' % 'x'
'%s' % none
'%s' % [1]
'%s' % (1,)
'%r %s' % ('x', 'y')
'%d %i' % (3.9, 4)
'%5d|%-5d|%05d|%+d|% d' % (42, 42, 42, 42, 42)
'%x %X %#x %o %#o' % (255, 255, 255, 8, 8)
'%.2f %8.3f %-8.1f| %08.2f %+.1f' % (3.14159, 2.5, 1.25, -3.14159, 2)
'%e %.3E %g %G %g' % (12345.678, 0.00012345, 1e10, 1e-10, 123456)
'%10s|%-10s|%.2s' % ('a', 'b', 'cde')
'%c%c' % ('a', 66)
'%%' % ()
'%(a)s %(b)d' % {'a': 'x', 'b': 2}
'%*d' % (5, 42)
'%.*f' % (2, 3.14159)
'%d' % 'x'
'%s'
'%s %s' % ('a',)
'%s' % ('a', 'b')
'%q' % 1
'x' % 1
'x' % ()
'x' % {}
'x' % []
'x' % l
'x' % undefined_name
'x' % none
'%.0f %.0f %.0f' % (0.5, 1.5, 2.5)
'%.3d' % 7
'%s' % undefined_name
'%d' % undefined_name
'%f' % 1e400
'%5.1f%%' % 99.55
'%.20f' % 0.1
'%g' % 0.0
'%#.3g' % 1.0
'123'.isdigit()
'12a'.isdigit()
''.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
'½'.isdigit()
'٣'.isdecimal()
'abc'.isalpha()
'abc1'.isalpha()
'日本'.isalpha()
'abc1'.isalnum()
'a b'.isalnum()
' \t\n'.isspace()
''.isspace()
'ABC'.isupper()
'AbC'.isupper()
'abc1'.islower()
'abc'.isascii()
'é'.isascii()
'42'.zfill(5)
'-42'.zfill(5)
'+4'.zfill(5)
'12345'.zfill(3)
'a'.ljust(3) ~ '|'
'a'.rjust(3, '*')
'a'.center(4, '-')
'ab'.center(5, '-')
'a'.ljust(3, 'xx')
'TestHook'.removeprefix('Test')
'TestHook'.removesuffix('Hook')
'TestHook'.removeprefix('x')
s.nope()
s.upper(1)
s.replace('a')
'abc'.split(',').0
' x '.strip() | upper
d.get('a')
d.get('zz')
d.get('zz', 'dflt')
d.get('a', 'dflt')
d.get()
d.keys()
d.values()
d.items()
d.keys() | list
d.values() | list
d.items() | list
d.items() | length
d.items()[0]
d.keys() | sort
'a' in d.keys()
2 in d.values()
d.items() | map('first') | list
d.copy()
deep.get('x').get('y')
l.index(1)
l.index(9)
l.index(1, 2)
l.count(1)
l.copy()
(1, 2, 2).count(2)
(1, 2, 2).index(2)
range(5)
range(1, 5)
range(0, 10, 3)
range(5) | list
range(1, 5) | list
range(5, 0, -2) | list
range(0)| list
range(3) | length
range(10)[3]
range(10)[-1]
5 in range(10)
range(0, 1, 0)
range('a')
range(1000000)
range(100000) | length
range(1.5)
range()
dict(a=1, b=2)
dict({'a': 1}, b=2)
dict([('a', 1), ('b', 2)])
dict(**{'x': 1})
dict(1)
namespace(a=1).a
namespace({'a': 1}, b=2).b
namespace(a=1)['a']
namespace().x
namespace(a=1)
raise_exception('told you')
raise_exception('Größe ' ~ n)
raise_exception(none)
strftime_now('%Y-%m-%d')
strftime_now('%d %b %Y')
strftime_now('%A, %B %e, %Y %I:%M %p')
strftime_now('%a %y %H:%M:%S %j %w %u %% %-d %-m %-I %D %T %F %R %h %c')
s.__class__
d.__class__.__mro__
''.__class__ is defined
s.format.__globals__
range.__init__
cycler('a', 'b').next()
joiner('x')()
joiner('x') is callable
request is defined
loop is defined
varargs
(1 if yes else 2) + 3
[1, 2, 3][1:] | first
{'a': {'b': 1}}.a.b
{'a': {'b': 1}}['a']['b']
[x for x in l]
l | map(attribute='x') | list
(1, 2) + (3,)
not (yes and no)
yes and (no or 'deep')
1 if none is none
'a' in ['a', 'b'] and 'c' not in ['a']
messages is undefined or messages | length == 0
'a' if
1 +
(1
[1, 2
{'a' 1}
'unclosed
1 2
a b
@
1 ? 2
x = 1
lambda: 1
n | upper | lower | length
n|string|length
-1|abs
-1 | abs + 1
2 | string ~ '3'
n is divisibleby 2 and yes
'%s' % s | upper
s | replace('l', 'L') | replace('o', '0') | upper
"a" ~ "b" | upper
[1,2,3] | sum + 1
s|length > 5
(s|length) > 5
'abc'[0] | upper
'abc'.upper()[0]
users[0]['name'] ~ users[1].name
none ~ ''
true
True
None
none
false
loop
"{{ not parsed }}"
'}}'
'%}'
{'a': '}}'}
{'a': {'b': {}}}
''
' '
""" .strip("\n").split("\n")

TEMPLATES = r"""
plain text
=====
one line

=====
{{ n }}

{{ n }}
=====
a {# comment #} b
=====
  {# comment #}
x
=====
a
  {# comment #}
b
=====
a {#- comment -#} b
=====
{# comment with {{ n }} and {% if %} #}x
=====
{#- a -#}   {#- b -#}  x
=====
{##}x{#-#}y
=====
{% if yes %}
  yes
{% endif %}
=====
  {% if yes %}
  yes
  {% endif %}
tail
=====
x {% if yes %} y {% endif %} z
=====
x {%- if yes -%} y {%- endif -%} z
=====
x
  {%- if yes %}

  y
  {%- endif %}

z
=====
x
  {%+ if yes %}
  y
  {%+ endif +%}
z
=====
x {{- n -}} y
=====
x
{{- n }}
  {{ n -}}
  y
=====
x {{+ n }} y
=====
{{-1}} {{- 1}} {{ -1 }}
=====
{% if yes %}a{% endif %}
{% if yes %}b{% endif %}

{% if yes %}c{% endif %}
=====
{% raw %}{{ n }} {% if %}{# x #}{% endraw %}
=====
{% raw %}
  a
  {% endraw %}
b
=====
{%- raw -%}  a  {%- endraw -%}  b
=====
a {% raw %} {{ {% endraw x %} }} {% endraw %} b
=====
{% if no %}a{% elif n == 42 %}b{% else %}c{% endif %}
=====
{% if no %}a{% elif no %}b{% else %}c{% endif %}
=====
{% if no %}a{% endif %}|
=====
{% if undefined_name %}a{% else %}b{% endif %}
=====
{% if l, %}tuple{% endif %}
=====
{% for x in l %}{{ x }},{% endfor %}
=====
{% for x in l -%}
  {{ x }}
{%- endfor %}
=====
{% for x in l %}
  {{ x }}
{% endfor %}
end
=====
{% for x in [] %}{{ x }}{% else %}none{% endfor %}
=====
{% for x in l %}{{ x }}{% else %}none{% endfor %}
=====
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
=====
{% for k in d %}{{ k }}{% endfor %}
=====
{% for c in 'añ😀' %}[{{ c }}]{% endfor %}
=====
{% for x in undefined_name %}{{ x }}{% else %}empty{% endfor %}
=====
{% for x in nothing %}{{ x }}{% endfor %}
=====
{% for x in n %}{{ x }}{% endfor %}
=====
{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }} {% endfor %}
=====
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
=====
{% for (a, b) in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}
=====
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
=====
{% for a, b in ['xy', 'zw'] %}{{ a }}{{ b }}{% endfor %}
=====
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}
=====
{% for x in l %}{{ loop.previtem | default('-') }}<{{ x }}>{{ loop.nextitem | default('-') }} {% endfor %}
=====
{% for x in l %}{{ loop.previtem }}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}
=====
{% for x in l %}{{ loop.cycle('odd', 'even') }} {% endfor %}
=====
{% for x in [1, 1, 2, 2, 1] %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}
=====
{% for x in l if x > 1 %}{{ x }}:{{ loop.index }}/{{ loop.length }} {% endfor %}
=====
{% for x in l if x > 5 %}{{ x }}{% else %}none{% endfor %}
=====
{% for x in l | map('string') %}{{ x }}{{ loop.last }}{{ loop.length }}{% endfor %}
=====
{% set g = l | map('string') %}{% for x in g %}{{ x }}{% endfor %}|{% for x in g %}{{ x }}{% endfor %}
=====
{% set g = l | select('odd') %}{{ g | list }}{{ g | list }}
=====
{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}
=====
{% for x in l %}{% set outer = loop %}{% for y in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
=====
{% for x in range(10) %}{% if x == 3 %}{% continue %}{% endif %}{% if x == 6 %}{% break %}{% endif %}{{ x }}{% endfor %}
=====
{% for x in l %}{% break %}{% else %}else{% endfor %}after
=====
{% for x in l %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% else %}else{% endfor %}after
=====
{% for x in l %}{% continue %}{% else %}else{% endfor %}after
=====
{% break %}
=====
{% for x in tree recursive %}{{ x.v }}{% if x.c %}({{ loop(x.c) }}){% endif %}{{ loop.depth }} {% endfor %}
=====
{% for x in l %}{{ loop(l) }}{% endfor %}
=====
{% set found = false %}{% for x in l %}{% set found = true %}{{ found }}{% endfor %}{{ found }}
=====
{% set ns = namespace(found=false, n=0) %}{% for x in l %}{% set ns.found = true %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.found }}{{ ns.n }}
=====
{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns.b }}
=====
{% set ns = {} %}{% set ns.a = 1 %}
=====
{% set undefined_thing.a = 1 %}
=====
{% set a = 1 %}{% if yes %}{% set a = 2 %}{% endif %}{{ a }}
=====
{% set a, b = 1, 2 %}{{ a }}{{ b }}
=====
{% set a = 1, 2 %}{{ a }}
=====
{% set (a, b) = [1, 2] %}{{ a }}{{ b }}
=====
{% set a, b = 1 %}
=====
{% set a %}text {{ n }}{% endset %}[{{ a }}]
=====
{% set a | upper | replace('X', 'y') %}text {{ n }}{% endset %}[{{ a }}]
=====
{% set a %}{% set inner = 1 %}{{ inner }}{% endset %}{{ a }}{{ inner is defined }}
=====
{% set true = 1 %}
=====
{% set x = x | default('first') %}{{ x }}{% set x = x ~ '!' %}{{ x }}
=====
{% for x in l %}{{ x }}{% set n = x %}{{ n }}{% endfor %}{{ n }}
=====
{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(1, c='z') }}|{{ m(b=5, a=4) }}|{{ m() }}
=====
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}
=====
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
=====
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, z=2) }}
=====
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}
=====
{% macro m() %}{{ n }}{% set n = 1 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}
=====
{% macro m() %}{{ late }}{% endmacro %}{% set late = 'now' %}{{ m() }}
=====
{% macro fact(k) %}{% if k <= 1 %}1{% else %}{{ k * fact(k - 1) | int }}{% endif %}{% endmacro %}{{ fact(6) }}
=====
{% macro outer() %}{% macro inner() %}in{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}
=====
{% macro box(title) %}[{{ title }}: {{ caller() }}]{% endmacro %}{% call box('T') %}body {{ n }}{% endcall %}
=====
{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }};{% endfor %}{% endmacro %}{% call(x, i) each(l) %}{{ i }}={{ x }}{% endcall %}
=====
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
=====
{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}
=====
{% macro m(a, a) %}{% endmacro %}{{ m(1, 2) }}
=====
{% macro m(a=1, b) %}{% endmacro %}
=====
{% macro m(x) %}{{ x }}{% endmacro %}{% for x in l %}{{ m(x * 2) }}{% endfor %}
=====
{% macro m() %}  a
  {% if yes %}
  b
  {% endif %}
{% endmacro %}[{{ m() }}]
=====
{{ m() }}{% macro m() %}late{% endmacro %}
=====
{% macro m(l) %}{{ l | length }}{% endmacro %}{{ m(*[l]) }}{{ m(**{'l': words}) }}
=====
{% filter upper %}text {{ s }}{% endfilter %}
=====
{% filter replace('a', 'o') | upper %}banana{% endfilter %}
=====
{% filter trim %}
   spaced
{% endfilter %}|
=====
{% with a = 1, b = n %}{{ a }}{{ b }}{% set c = 3 %}{% endwith %}{{ a is defined }}{{ c is defined }}
=====
{% with %}{% set n = 1 %}{{ n }}{% endwith %}{{ n }}
=====
{% with a = 1, b = a %}{{ b }}{% endwith %}
=====
{% generation %}answer {{ n }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}
=====
{% include 'x' %}
=====
{% if yes %}
=====
{% for x in l %}
=====
{% endfor %}
=====
{% if yes %}{% endfor %}
=====
{% nope %}
=====
{{ n
=====
{% if n
=====
{# open
=====
{% raw %}open
=====
{{ }}
=====
{% %}
=====
{% if %}x{% endif %}
=====
{% for in l %}{% endfor %}
=====
{% for x l %}{% endfor %}
=====
{% for loop in l %}{% endfor %}
=====
{% set %}
=====
{% set x = %}
=====
{% else %}
=====
{{ 'a' }
=====
{{ (1, 2 }}
=====
{{ 1) }}
=====
{{ [1) }}
=====
}} %} #} { % {
=====
{ { n } }
=====
{{{'a': 1}}}
=====
{{ {'a': 1}['a'] }}
=====
{{ {'a': {'b': 2}}.a.b}}
=====
{% if yes: %}colon{% endif %}
=====
{% for x in l: %}{{ x }}{% endfor %}
=====
{%if yes%}tight{%endif%}{{n}}
=====
{%- set a = 1 -%}
{%- set b = 2 -%}

 {{ a }}{{ b }}
=====
{{ "a
b" }}
=====
{{
  n
  +
  1
}}
=====
{% set t = (l | sort) %}{{ t }}{{ l }}
=====
{% for u in users if u.active and u.tags %}{{ u.name }}{% endfor %}
=====
{% for u in users | sort(attribute='name') %}{{ loop.index }}.{{ u.name }}{{ ', ' if not loop.last }}{% endfor %}
=====
{% for city, group in users | groupby('city') %}{{ city }}: {{ group | map(attribute='name') | join('/') }};{% endfor %}
=====
{% for group in users | groupby('age') %}{{ group.grouper }}={{ group.list | length }} {% endfor %}
=====
{% set seen = namespace(list=[]) %}{% for w in words %}{% if w | lower not in seen.list %}{% set seen.list = seen.list + [w | lower] %}{% endif %}{% endfor %}{{ seen.list }}
=====
{% for x in l %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}.
=====
{% for x in l recursive %}{{ x }}{% endfor %}
=====
{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% continue %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}
=====
{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}
=====
{% for i in range(4) %}{% set x %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endset %}{{ x }}{% endfor %}
=====
{% for x in [] %}{% else %}{% set e = 1 %}{{ e }}{% endfor %}{{ e is defined }}
=====
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}
=====
{% set j = joiner() %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
=====
{% set x = 5 %}{% set f = namespace(v=x) %}{% set x = 6 %}{{ f.v }}{{ x }}
=====
{%- for message in [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': none}] -%}
    {{- '<|' + message['role'] + '|>\n' -}}
    {%- if message.content is not none %}
        {{- message.content }}
    {%- endif %}
    {{- '<|end|>\n' }}
{%- endfor -%}
=====
{% set ns = namespace(x=[]) %}{% for i in range(3) %}{% set ns.x = ns.x + [i] %}{% endfor %}{{ ns.x | join }}
=====
{{ n }}{{ raise_exception('stop here') }}
=====
{% if n > 40 %}{{ raise_exception('too large: ' ~ n) }}{% endif %}
=====
é{{ uni }}é
=====
	{% if yes %}	tab{% endif %}	
=====
a{% if yes %}

b{% endif %}

=====
{{ n -}}

{%- if yes %} c {% endif -%}

 d
=====
   {%- if yes %}x{% endif %}
   {{ n }}
   {% set q = 1 %}
   {{ q }}
=====
{% for x in l %}

{{ x }}

{% endfor %}
=====
{% macro render(p, depth=0) %}
{%- if p is mapping %}
{%- for k, v in p.items() %}
{{ '  ' * depth }}{{ k }}:{{ render(v, depth + 1) }}
{%- endfor %}
{%- elif p is sequence and p is not string %}
{%- for v in p %}
{{ '  ' * depth }}-{{ render(v, depth + 1) }}
{%- endfor %}
{%- else %} {{ p }}
{%- endif %}
{%- endmacro %}
{{ render(tool) }}
""".strip("\n").split("\n=====\n")

MUTATIONS = r"""
{% set a = [] %}{% set _ = a.append(1) %}{% set _ = a.append('x') %}{{ a }}
=====
{% set a = [1, 2] %}{{ a.append(3) }}{{ a }}
=====
{% set a = [1, 2, 3] %}{{ a.pop() }}{{ a.pop(0) }}{{ a }}
=====
{% set a = [] %}{{ a.pop() }}
=====
{% set a = [1] %}{% set _ = a.extend([2, 3]) %}{% set _ = a.insert(0, 0) %}{% set _ = a.insert(-1, 'x') %}{% set _ = a.reverse() %}{{ a }}
=====
{% set a = [1, 2, 1] %}{% set _ = a.remove(1) %}{{ a }}
=====
{% set a = [1, 2] %}{% set _ = a.clear() %}{{ a }}
=====
{% set a = {'x': 1} %}{% set _ = a.update({'y': 2}) %}{% set _ = a.update(z=3) %}{{ a }}{{ a.pop('x') }}{{ a.pop('q', 'none') }}{{ a }}
=====
{% set a = {} %}{{ a.pop('x') }}
=====
{% set a = {'x': 1} %}{{ a.setdefault('x', 2) }}{{ a.setdefault('y', 3) }}{{ a }}{{ a.popitem() }}{{ a }}
=====
{% set a = {'x': 1} %}{% for k in a %}{% set _ = a.update({k ~ 'y': 2}) %}{% endfor %}
=====
{% set a = [1, 2] %}{% for x in a %}{% if a | length < 5 %}{% set _ = a.append(x) %}{% endif %}{{ x }}{% endfor %}
=====
{% set a = [1] %}{% set b = a %}{% set _ = b.append(2) %}{{ a }}
=====
{% set d = {'k': [1]} %}{% set _ = d.k.append(2) %}{{ d }}
=====
{% set keys = d.keys() %}{% set _ = d.update({'new': 1}) %}{{ keys | list }}
""".strip("\n").split("\n=====\n")


def cases():
    # An expression may go over two lines where a backslash ends the first.
    expressions = "\n".join(EXPRESSIONS).replace("\\\n", "\x00").split("\n")
    for number, expression in enumerate(expressions):
        text = expression.replace("\x00", "\\\n")
        yield environment.case(f"expression {number + 1}", "{{ " + text + " }}", VARIABLES)
    for number, template in enumerate(TEMPLATES):
        yield environment.case(f"template {number + 1}", template, VARIABLES)
    for number, template in enumerate(MUTATIONS):
        yield environment.case(f"mutation {number + 1}", template, VARIABLES, mutable=True)


if __name__ == "__main__":
    # The variables are the same everywhere: they stand on a line of their own.
    lines = [{"variables": VARIABLES}]
    lines += [{key: value for key, value in item.items() if key != "variables"} for item in cases()]
    environment.write(sys.argv[1], lines)
    print(f"{len(lines) - 1} cases")
