// The strings that every tokenizer is asked for: hand-picked ones, and mixtures of awkward pieces by a fixed random sequence.
// Left out on purpose, because JavaScript's \s differs from Unicode's White_Space there: U+0085 and U+FEFF. Unpaired surrogates have
// no UTF-8 and no agreed tokens.

const prose = [
  "", "a", " ", "Hello, world!", "The quick brown fox jumps over the lazy dog.", " leading", "trailing ", "  two  spaces  ",
  "It's what they'll've said: don't, can't, I'm, we're, she'd, you've, it’s.", "IT'S WHAT THEY'LL'VE SAID: DON'T, I'M, WE'RE, SHE'D",
  "'s't're've'm'll'd", "'S'T'RE'VE'M'LL'D", "' s' t", "o'clock rock'n'roll 'twas", "''''", "'s's's", "a'b'c", "l'été d'après",
  "Ce n'est pas où naît l'œuvre, ça.", "Straße, Größe, ÄÖÜ, ẞ", "¿Qué pasó, señor Ñandú? ¡Olé!", "Zażółć gęślą jaźń", "Příliš žluťoučký kůň",
  "İstanbul'da ığdır", "Tiếng Việt có dấu: Nguyễn Ái Quốc", "Съешь же ещё этих мягких французских булок, да выпей чаю.", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
  "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم", "السَّلَامُ عَلَيْكُمْ ٣٤٥", "سلام دنیا ۱۲۳", "नमस्ते दुनिया", "क्षत्रिय ज्ञान", "বাংলা ভাষা", "தமிழ் மொழி", "తెలుగు", "ಕನ್ನಡ",
  "ภาษาไทยไม่มีช่องว่าง", "ພາສາລາວ", "ខ្មែរ", "မြန်မာ", "ქართული ენა", "Հայերեն", "አማርኛ", "ᏣᎳᎩ", "ᠮᠣᠩᠭᠣᠯ", "བོད་སྐད",
  "你好，世界！今天天气怎么样？", "繁體中文與简体中文", "日本語のテキスト、カタカナとひらがな。", "ｶﾀｶﾅ ＦＵＬＬＷＩＤＴＨ １２３", "한국어 문장입니다.", "한글 자모", "𠀀𠮷𪚥", "𐐀𐐨 𝐀𝐛𝟎 𝔘𝔫𝔦", "ﬁ ﬂ ǅ ʰ ª º",
  "é é", "Å Å Å", "ñ ñ", "à́̂b", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
];

const numbers = [
  "0", "7", "12", "123", "1234", "12345", "123456", "1234567890", " 1 12 123 1234", "3.14159", "1,234,567.89", "$5.00", "€19,99", "-273.15°C", "1e-9", "0x1F", "1/2 ½ ² ³ ⁴", "Ⅷ Ⅻ ↈ",
  "٣٤٥٦٧", "१२३४", "１２３４", "𝟎𝟏𝟐𝟑", "a1b22c333d4444", "2024-02-29T23:59:59Z", "192.168.0.1:8080", "+49 (0)30 1234567", "100%", "1st 2nd 3rd", "v1.2.3-rc.4", "  42  ", "9".repeat(40),
];

const emoji = [
  "🙂", "🙂🙃 x", "a🙂b", "👩‍👩‍👧‍👦 family", "👍🏽👍🏿", "🇩🇪🇫🇷🇯🇵", "❤️ ❤", "1️⃣2️⃣", "🏴‍☠️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🤷🏻‍♀️ shrug", "☃ ☂ ✓ ✗", "🫠🪿🩷", "→ ← ↔ ⇒", "∀x∈ℝ: x²≥0 ∧ √2∉ℚ", "♔♕♖", "�", " � ",
];

const code = [
  "def fib(n):\n    if n <= 1:\n        return n\n    return fib(n - 1) + fib(n - 2)\n", "for (int i = 0; i < n; ++i) {\n\ta[i] = b[i] * c;\n}\n", "if(x==1){y+=2;}else{z--;}", "SELECT * FROM t WHERE id=10;",
  "<div class=\"a\">\n  <p>Hi &amp; bye</p>\n</div>", "</s> <s> <b> </b>", "{\"key\": [1, 2.5, null, true], \"s\": \"\\u00e9\\n\"}", "https://example.com/a/b?c=d&e=%20f#g", "mail@example.com", "C:\\Users\\me\\file.txt",
  "/usr/local/bin", "`code` **bold** _it_ ~~x~~", "# Title\n\n- one\n- two\n  - three\n\n1. a\n2. b\n", "| a | b |\n|---|---|\n| 1 | 2 |", "-----====~~~~", "!!!???...", "...", ". . .", "()[]{}<>", "));\n\n", "#!/bin/sh\nset -e\n",
  "public static void Main(string[] args) => Console.WriteLine($\"{x:F2}\");", "let mut v: Vec<u8> = vec![0; 16];", "fn main() {}\r\n", "snake_case camelCase PascalCase SCREAMING_SNAKE kebab-case", "_private __dunder__", "a_b_c1_d2", "x->y::z.w", "@decorator", "#include <stdio.h>",
  "$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$", "\\begin{align}\n a &= b \\\\\n\\end{align}", "^_^ :-) ;-P <3", "\"quoted\" 'single' “curly” ‘s’ «guillemets» „low“", "a/b\\c|d", "x=1;y=2;;", "~!@#$%^&*()_+`-={}|[]\\:\";'<>?,./",
];

const blanks = ["\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", "\t", "\t\t", " \n", "\n ", "  \n  ", "\n\t\n", " \t ", "\u00A0", " \u00A0 ", "\u3000", "\u2003\u2003", "\u2028", "\u2029", "\u200B", "\v\f", "   ", "    ", "        "]
  .flatMap(blank => [blank, `a${blank}`, `${blank}a`, `a${blank}b`, `!${blank}!`, `1${blank}2`]);

const long = [
  " ".repeat(31) + "x", " ".repeat(32) + "x", " ".repeat(33), " ".repeat(100) + "end", "\n".repeat(20), "\n".repeat(40) + "x", "\t".repeat(40), "a".repeat(200), "ab".repeat(100), "A".repeat(33), "世".repeat(50), "🙂".repeat(20), "=".repeat(120), "-".repeat(77), ".".repeat(65), "!?".repeat(30),
  "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "\u0000", "\u0000\u0001\u0002\u0007\u001b[0m", "\u007f\u0080\u009f", "\u00AD\u200C\u200D\u2060",
];

// Text that looks like special tokens of one model or another, whole, broken and doubled.
const special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>", "<s>", "</s>", "<unk>", "<bos>", "<eos>", "<pad>", "<start_of_turn>user\nHi<end_of_turn>\n", "<|im_start|>", "<0x0A>", "<0xE4>", "<unused7>", "<mask>"]
  .flatMap(token => [token, `a${token}b`, ` ${token} `, token + token, token.slice(0, -1), token.slice(1), `<${token}>`, `x\n${token}\ny`]);

// xorshift32, so that every run asks for the same.
function mixtures(count) {
  const atoms = ["the", " the", "The", "izer", " ing", "é", "世界", "한", "🙂", "1", "42", "1234", " ", "  ", "\n", "\r\n", "\t", ".", ",", "...", "'s", "'LL", "(", "));", "_", "%", "<", ">", "</s>", "<s>", "<|eot_id|>", "<end_of_turn>", "ß", "я", "ก", "ع", "\u0301", "\u00A0", "\u200D", "½", "ab1c", "    "];
  let state = 20240229;
  const next = limit => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return Array.from({ length: count }, () => Array.from({ length: 2 + next(9) }, () => atoms[next(atoms.length)]).join(""));
}

export const strings = [...new Set([...prose, ...numbers, ...emoji, ...code, ...blanks, ...long, ...special, ...mixtures(200)])];
