#include "data/folders/like_names.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>

#include "core/error.h"
#include "core/utf8.h"

namespace fovea {

namespace {

struct Mark {
  char32_t mark;
  std::string_view letters;  // with the mark, and without, in turns
};

// clang-format off
constexpr Mark marks[] = {
    {0x300, "ÀAÈEÌIÒOÙUàaèeìiòoùuǛÜǜüЍИѐеѝиẦÂầâẰĂằăỀÊềêỒÔồôỜƠờơỪƯừưỲYỳy"},
    {0x301,
     "ÁAÉEÍIÓOÚUÝYáaéeíióoúuýyĆCćcĹLĺlŃNńnŔRŕrŚSśsŹZźzǗÜǘüΆΑΈΕΉΗΊΙΌΟΎΥΏΩΐϊάαέεήηίιΰϋ"
     "όούυώωЃГЌКѓгќкẤÂấâẮĂắăẾÊếêỐÔốôỚƠớơỨƯứư"},
    {0x302, "ÂAÊEÎIÔOÛUâaêeîiôoûuĈCĉcĜGĝgĤHĥhĴJĵjŜSŝsŴWŵwŶYŷyẬẠậạỆẸệẹỘỌộọ"},
    {0x303, "ÃAÑNÕOãañnõoĨIĩiŨUũuẪÂẫâẴĂẵăẼEẽeỄÊễêỖÔỗôỠƠỡơỮƯữưỸYỹy"},
    {0x304, "ĀAāaĒEēeĪIīiŌOōoŪUūuǕÜǖü"},
    {0x306, "ĂAăaĔEĕeĞGğgĬIĭiŎOŏoŬUŭuЎУЙИйиўуẶẠặạ"},
    {0x307, "ĊCċcĖEėeĠGġgİIŻZżz"},
    {0x308, "ÄAËEÏIÖOÜUäaëeïiöoüuÿyŸYΪΙΫΥϊιϋυЁЕЇІёеїі"},
    {0x309, "ẢAảaẨÂẩâẲĂẳăẺEẻeỂÊểêỈIỉiỎOỏoỔÔổôỞƠởơỦUủuỬƯửưỶYỷy"},
    {0x30A, "ÅAåaŮUůu"},
    {0x30B, "ŐOőoŰUűu"},
    {0x30C, "ČCčcĎDďdĚEěeĽLľlŇNňnŘRřrŠSšsŤTťtŽZžzǍAǎaǏIǐiǑOǒoǓUǔuǙÜǚüǦGǧgǨKǩk"},
    {0x30F, "ȀAȁaȄEȅeȈIȉiȌOȍoȐRȑrȔUȕu"},
    {0x311, "ȂAȃaȆEȇeȊIȋiȎOȏoȒRȓrȖUȗu"},
    {0x31B, "ƠOơoƯUưu"},
    {0x323, "ẠAạaẸEẹeỊIịiỌOọoỢƠợơỤUụuỰƯựưỴYỵy"},
    {0x326, "ȘSșsȚTțt"},
    {0x327, "ÇCçcĢGģgĶKķkĻLļlŅNņnŖRŗrŞSşsŢTţt"},
    {0x328, "ĄAąaĘEęeĮIįiŲUųu"},
    {0x3099,
     "がかぎきぐくげけごこざさじしずすぜせぞそだたぢちづつでてどとばはびひぶふべへ"
     "ぼほゔうゞゝガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハ"
     "ビヒブフベヘボホヴウヷワヸヰヹヱヺヲヾヽ"},
    {0x309A, "ぱはぴひぷふぺへぽほパハピヒプフペヘポホ"},
};
// clang-format on

struct Parts {
  char32_t letter, mark;
};

char32_t take_code_point(std::string_view& text) {
  const CodePoint c = first_code_point(text);
  const char32_t value = c.bytes ? c.value : 0x110000 + static_cast<unsigned char>(text[0]);
  text.remove_prefix(std::max<std::size_t>(c.bytes, 1));
  return value;
}

std::map<char32_t, Parts> read_marks() {
  std::map<char32_t, Parts> table;
  for (const auto& [mark, letters] : marks)
    for (std::string_view left = letters; !left.empty();) {
      const char32_t whole = take_code_point(left);
      table[whole] = {take_code_point(left), mark};
    }
  return table;
}

void append_decomposed(std::u32string& out, char32_t c) {
  static const std::map<char32_t, Parts> table = read_marks();
  if (c >= 0xAC00 && c < 0xAC00 + 11172) {  // a syllable of Hangul: lead, vowel, perhaps a tail
    const char32_t index = c - 0xAC00;
    out += {0x1100 + index / 588, 0x1161 + index % 588 / 28};
    if (index % 28) out += char32_t{0x11A7} + index % 28;
  } else if (const auto parts = table.find(c); parts != table.end()) {
    append_decomposed(out, parts->second.letter);
    out += parts->second.mark;
  } else {
    out += c;
  }
}

bool is_space(char32_t c) {
  return (c < 128 && std::isspace(static_cast<int>(c))) || c == 0xA0 || c == 0xAD || c == 0x3000 ||
         c == 0xFEFF || (c >= 0x2000 && c <= 0x200F) || c == 0x202F || c == 0x2060;
}

// As file managers mark copies: "cat (1)", "cat - Copy", "cat copy".
std::string_view without_copy(std::string_view name) {
  for (const std::string_view mark : {" - Copy", " copy", " Copy"})
    if (name.ends_with(mark)) name.remove_suffix(mark.size());
  const std::size_t open = name.rfind(" (");
  const bool counted = name.ends_with(')') && open != name.npos && open + 3 < name.size() &&
                       name.find_first_not_of("0123456789", open + 2) == name.size() - 1;
  return counted ? name.substr(0, open) : name;
}

// What is left of a name where it is looked at loosely.
std::u32string look_of(std::string_view name) {
  name = without_copy(name);
  std::u32string look;
  for (const char32_t c : decomposed(name)) {
    const bool behind_letter =
        !look.empty() && look.back() < 128 && std::isalpha(static_cast<int>(look.back()));
    if (is_space(c) || (c == '0' && look.empty())) continue;
    if ((c == '-' || c == '_') && behind_letter) continue;
    look += c < 128 ? static_cast<char32_t>(std::tolower(static_cast<int>(c))) : c;
  }
  return look;
}

// Its bytes, of which those of letters with marks are seen.
std::string spelled_out(const std::string& name) {
  std::string out;
  for (const char c : name) {
    char text[8];
    const auto byte = static_cast<unsigned char>(c);
    std::snprintf(text, sizeof text, byte < 128 ? "%c" : "\\x%02x", byte);
    out += text;
  }
  return out;
}

bool is_one_character(const std::string& name) {
  std::string_view left = name;
  take_code_point(left);
  return left.empty();
}

}  // namespace

std::u32string decomposed(std::string_view text) {
  std::u32string out;
  while (!text.empty()) append_decomposed(out, take_code_point(text));
  return out;
}

bool look_alike(const std::string& name, const std::string& other) {
  return look_of(name) == look_of(other);
}

void warn_of_like_names(const std::vector<std::string>& names) {
  std::map<std::u32string, std::string> seen;
  for (const std::string& name : names) {
    const auto [before, is_new] = seen.emplace(look_of(name), name);
    if (is_new) continue;
    const std::string& other = before->second;
    const bool same = decomposed(name) == decomposed(other);
    if (!same && is_one_character(name) && is_one_character(other)) continue;  // letters: a, A
    std::string how;
    if (same)
      how = cat(", the same letters in two encodings (", printable(spelled_out(other), 60), ", ",
                printable(spelled_out(name), 60), ")");
    std::fprintf(stderr, "warning: '%s' and '%s' are two classes%s\n", printable(other, 60).c_str(),
                 printable(name, 60).c_str(), how.c_str());
  }
}

}  // namespace fovea
