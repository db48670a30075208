#include <cmath>
#include <limits>
#include <ostream>

#include "apps/report/contact_sheet.h"
#include "core/error.h"
#include "data/drawing/canvas.h"
#include "data/drawing/font.h"
#include "tests/catch.h"

using namespace fovea;

namespace fovea {
static std::ostream& operator<<(std::ostream& out, Colour c) {
  return out << '(' << int{c.r} << ", " << int{c.g} << ", " << int{c.b} << ')';
}
}  // namespace fovea

namespace {

constexpr Colour black = {0, 0, 0}, white = {255, 255, 255}, red = {255, 0, 0};

int count(const Image& image, Colour colour) {
  int n = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) n += pixel_at(image, x, y) == colour;
  return n;
}

Image grey_picture(int width, int height, std::uint8_t value) {
  return {width, height, 1, std::vector<std::uint8_t>(width * height, value)};
}

SampleView sample(std::vector<Point> outline) {
  return {.before = grey_picture(10, 10, 0),
          .after = {{grey_picture(10, 10, 200), std::move(outline)}}};
}

const std::vector<Point> identity = {{0, 0}, {10, 0}, {10, 10}, {0, 10}};

}  // namespace

TEST_CASE("rectangles cover exactly their pixels", "[canvas]") {
  Image canvas = make_canvas(20, 10, white);
  fill_rectangle(canvas, 2, 3, 4, 5, red);
  CHECK(count(canvas, red) == 20);
  CHECK(pixel_at(canvas, 2, 3) == red);
  CHECK(pixel_at(canvas, 5, 7) == red);
  CHECK(pixel_at(canvas, 6, 7) == white);
  fill_rectangle(canvas, -5, -5, 1000, 6, black);
  CHECK(count(canvas, black) == 20);
  fill_rectangle(canvas, 2147483000, 0, 2147483000, 5, red);
  CHECK(count(canvas, red) == 20);
  Image framed = make_canvas(8, 8, white);
  draw_frame(framed, 1, 1, 6, 6, 1, red);
  CHECK(count(framed, red) == 20);
  CHECK_THROWS_AS(make_canvas(0, 5, red), Error);
  CHECK_THROWS_AS(make_canvas(5, 1 << 20, red), Error);
}

TEST_CASE("lines are as wide as asked and smooth at the edge", "[canvas]") {
  Image canvas = make_canvas(40, 20, black);
  draw_line(canvas, {5, 10}, {35, 10}, 2, white);
  CHECK(pixel_at(canvas, 20, 9) == white);
  CHECK(pixel_at(canvas, 20, 10) == white);
  CHECK(pixel_at(canvas, 20, 8) == black);
  CHECK(pixel_at(canvas, 20, 11) == black);

  Image thin = make_canvas(40, 20, black);
  draw_line(thin, {5, 10}, {35, 10}, 1, white);  // between two rows of pixels: half of each
  CHECK(pixel_at(thin, 20, 9).r == Approx(128).margin(1));
  CHECK(pixel_at(thin, 20, 10).r == Approx(128).margin(1));

  Image diagonal = make_canvas(40, 40, black);
  draw_line(diagonal, {5, 5}, {35, 35}, 3, white);
  double ink = 0;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x) ink += pixel_at(diagonal, x, y).r / 255.0;
  CHECK(ink == Approx(3 * 30 * std::sqrt(2.0) + 7.07).epsilon(0.03));  // with two round caps
}

TEST_CASE("lines far away, infinite or nowhere draw nothing wrong", "[canvas]") {
  const double inf = std::numeric_limits<double>::infinity(), huge = 1e300;
  Image canvas = make_canvas(20, 20, black);
  draw_line(canvas, {std::nan(""), 3}, {10, 10}, 2, white);
  draw_line(canvas, {0, 3}, {inf, 10}, 2, white);
  draw_line(canvas, {-huge, -5}, {huge, -5}, 2, white);
  draw_polyline(canvas, {}, 2, white, true);
  draw_line(canvas, {2, 2}, {9, 9}, std::nan(""), white);
  fill_disc(canvas, {inf, 3}, 5, white);
  CHECK(count(canvas, black) == 400);
  draw_line(canvas, {-huge, 10}, {huge, 10}, 2, white);
  CHECK(count(canvas, white) == 40);
}

TEST_CASE("pictures are enlarged by whole pixels", "[canvas]") {
  const Image picture{2, 1, 1, {0, 255}};
  Image canvas = make_canvas(8, 4, red);
  draw_picture(canvas, picture, 0, 0, 4);
  CHECK(count(canvas, black) == 16);
  CHECK(count(canvas, white) == 16);
  draw_picture(canvas, picture, 0, 0, 4, Scaling::smooth);
  int last = -1;
  for (int x = 0; x < 8; ++x) {
    CHECK(pixel_at(canvas, x, 2).r >= last);
    last = pixel_at(canvas, x, 2).r;
  }
  CHECK(pixel_at(canvas, 0, 0) == black);
  CHECK(pixel_at(canvas, 7, 3) == white);
  CHECK_THROWS_AS(draw_picture(canvas, {1, 1, 4, {1, 2, 3, 4}}, 0, 0, 1), Error);
  CHECK_THROWS_AS(draw_picture(canvas, picture, 0, 0, 0), Error);
}

TEST_CASE("text has the extent it claims, in any scale", "[canvas]") {
  CHECK(text_width("7 → 1") == 5 * font_width);
  CHECK(text_width("\xff\xfe") == 2 * font_width);
  CHECK(text_height(2) == 2 * font_height);
  for (int scale : {1, 2, 3}) {
    Image canvas = make_canvas(100, 60, black);
    draw_text(canvas, 10, 5, "Eg", white, scale);
    CHECK(count(canvas, white) > 30 * scale * scale);
    Image outside = canvas;
    fill_rectangle(outside, 10, 5, text_width("Eg", scale), text_height(scale), black);
    CHECK(count(outside, white) == 0);
  }
  for (char32_t c = 0x21; c < 0x7f; ++c) {
    int ink = 0;
    for (int y = 0; y < font_height; ++y) ink += font_glyph(c)[y];
    CHECK(ink > 0);
  }
  CHECK(font_glyph(U'é') == font_glyph(U'?'));
  CHECK(font_glyph(U'→') != font_glyph(U'?'));
  CHECK(fit_text("spatial transformer", 12 * font_width) == "spatial tra…");
  CHECK(fit_text("short", 5 * font_width) == "short");
  CHECK(fit_text("short", 0) == "…");
}

TEST_CASE("a contact sheet outlines the sampled region", "[contact_sheet]") {
  const ContactSheetOptions plain{.columns = 1, .scale = 4, .margin = 5, .legend = ""};
  const Image sheet = contact_sheet(std::vector{sample(identity)}, plain);
  // From the layout: gap 12, card padding 8, labels 4 + 13 + 4; then 5 pixels of margin.
  const int left = 12 + 8 + 5 * 4, top = 12 + 21 + 5 * 4;
  for (int along : {10, 20, 30}) {
    CHECK(pixel_at(sheet, left + along, top) == outline_colours[0]);
    CHECK(pixel_at(sheet, left + along, top + 39) == outline_colours[0]);
    CHECK(pixel_at(sheet, left, top + along) == outline_colours[0]);
    CHECK(pixel_at(sheet, left + 39, top + along) == outline_colours[0]);
  }
  CHECK(pixel_at(sheet, left + 20, top + 20) == black);  // the input
  CHECK(pixel_at(sheet, left + 20, top - 10) != black);  // the margin around it
  CHECK(pixel_at(sheet, left + 20, top - 10) != pixel_at(sheet, 0, 0));
  CHECK(pixel_at(sheet, 12 + 8 + 80 + 8 + 20, top + 20) == Colour{200, 200, 200});  // after
}

TEST_CASE("regions beyond the input are drawn in the margin, and not over the rest",
          "[contact_sheet]") {
  const ContactSheetOptions plain{.columns = 1, .scale = 4, .margin = 5, .legend = ""};
  const int left = 12 + 8, top = 12 + 21;
  const Image out =
      contact_sheet(std::vector{sample({{-3, -3}, {13, -3}, {13, 13}, {-3, 13}})}, plain);
  CHECK(pixel_at(out, left + 40, top + 2 * 4) == outline_colours[0]);

  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Image none =
      contact_sheet(std::vector{sample({{nan, 0}, {1, 0}, {1, 1}, {inf, 1}})}, plain);
  const Image far = contact_sheet(
      std::vector{sample({{-900, -900}, {1e300, -900}, {1e300, 1e300}, {-900, 900}})}, plain);
  CHECK(count(far, outline_colours[0]) == count(none, outline_colours[0]));
  CHECK(count(none, outline_colours[0]) > 0);  // the frame of "after"

  SampleView curved = sample(identity);
  curved.after[0].outline = {{2, 2}, {8, 2}, {5, 8}};
  const Image dense = contact_sheet(std::vector{curved}, plain);
  CHECK(pixel_at(dense, left + 5 * 4 + 20, top + 5 * 4 + 8) == outline_colours[0]);
  CHECK(pixel_at(dense, left + 5 * 4 + 30, top + 5 * 4) != outline_colours[0]);
}

TEST_CASE("a contact sheet draws the net within an outline, and says so", "[contact_sheet]") {
  const ContactSheetOptions plain{.columns = 1, .scale = 4, .margin = 5, .legend = ""};
  SampleView bent = sample(identity);
  const Image without = contact_sheet(std::vector{bent}, plain);
  CHECK(outline_legend(std::vector{bent}) == ContactSheetOptions().legend);
  bent.after[0].net = {{{5, 0}, {6, 5}, {5, 10}}, {{0, 5}, {10, 5}}};
  const Image with = contact_sheet(std::vector{bent}, plain);
  CHECK(outline_legend(std::vector{bent}).find("lines within") != std::string::npos);
  const int left = 12 + 8 + 20, top = 12 + 21 + 20;
  const auto is_line = [&](int x, int y) {
    const Colour c = pixel_at(with, left + x, top + y);
    return c.r > c.b + 20 && !(c == pixel_at(without, left + x, top + y));
  };
  CHECK(is_line(24, 20));  // the bend at (6, 5)
  CHECK(is_line(32, 20));
  CHECK_FALSE(is_line(32, 26));
  bent.after[0].net = {{{5, 0}, {std::nan(""), 5}, {5, 10}}};
  CHECK_NOTHROW(contact_sheet(std::vector{bent}, plain));
}

TEST_CASE("one scale for all: an identity shows twice the same, and the rest is dimmed",
          "[contact_sheet]") {
  const ContactSheetOptions plain{.columns = 2, .scale = 4, .margin = 5, .legend = ""};
  const int left = 12 + 8, top = 12 + 21;
  // The second region is far larger than its panel.
  const SampleView far = sample({{5, -36}, {46, 5}, {5, 46}, {-36, 5}});
  for (const int side : {10, 5, 20, 15, 80}) {  // of the output: the same field of view
    SampleView one = sample(identity), two = far;
    for (SampleView* view : {&one, &two}) {
      view->before = grey_picture(10, 10, 90);
      view->after[0].image = grey_picture(side, side, 200);
    }
    const Image sheet = contact_sheet(std::vector{one, two}, plain);
    const int inner = 40;
    CHECK(count(sheet, {200, 200, 200}) > 2 * (inner - 4) * (inner - 4));
    CHECK(count(sheet, {200, 200, 200}) <= 2 * inner * inner);
    CHECK(count(sheet, {90, 90, 90}) > 1600 + 1600 - 400);
  }
  SampleView half = sample({{0, 0}, {5, 0}, {5, 10}, {0, 10}});
  half.before = grey_picture(10, 10, 90);
  const Image dimmed = contact_sheet(std::vector{half}, plain);
  CHECK(pixel_at(dimmed, left + 20 + 10, top + 20 + 20) == Colour{90, 90, 90});
  CHECK(pixel_at(dimmed, left + 20 + 30, top + 20 + 20).r < 70);
}

TEST_CASE("contact sheets of the same samples have the same size", "[contact_sheet]") {
  std::vector<SampleView> views(7, sample(identity));
  const auto size = [](const Image& i) { return std::pair(i.width, i.height); };
  const Image first = contact_sheet(views, {.columns = 3, .letters = 71, .title = "epoch 1"});
  views[2].caption = "a caption that is far too long for the width of its card, and then some";
  views[2].wrong = true;
  views[3].after[0].outline = {{-50, 0}, {10, 0}, {10, 10}, {0, 10}};
  const Image second =
      contact_sheet(views, {.columns = 3, .letters = 71, .title = std::string(300, 'x')});
  CHECK(size(first) == size(second));
  CHECK(size(contact_sheet(views, {.columns = 50})) == size(contact_sheet(views, {.columns = 7})));
}

TEST_CASE("a sheet of more samples than a page holds is as high as can be drawn",
          "[contact_sheet]") {
  SampleView tall = sample({});
  tall.before = tall.after[0].image = grey_picture(4, 400, 9);
  const std::vector<SampleView> views(60, tall);
  const ContactSheetOptions page = {.columns = 1, .most_side = 200, .scale = 1, .margin = 0};
  const Image sheet = contact_sheet(views, page);
  CHECK(sheet.height > 8000);
  CHECK(sheet.height <= canvas_extent);
  CHECK_THROWS_WITH(
      contact_sheet(views, {.columns = 1, .scale = 1, .margin = 0}),
      fovea::testing::contains("60 samples would make") && fovea::testing::contains("take fewer"));
}

TEST_CASE("contact sheets take colour, other sizes after, and refuse nonsense", "[contact_sheet]") {
  SampleView view = sample(identity);
  view.before = make_canvas(10, 10, red);
  view.after[0].image = grey_picture(5, 4, 255);
  CHECK(count(contact_sheet(std::vector{view}), red) > 1000);
  view.after[0].image = grey_picture(300, 200, 255);  // as wide as the input all the same
  CHECK(count(contact_sheet(std::vector{view}), white) > 38 * 25);

  const std::vector<SampleView> mixed = {sample(identity), view};
  CHECK_THROWS_WITH(contact_sheet(mixed),
                    "contact sheet: sample 1 has 300 x 200 pixels, the first one 10 x 10");
  CHECK_THROWS_AS(contact_sheet({}), Error);
  CHECK_THROWS_AS(contact_sheet(std::vector{view}, {.columns = 0}), Error);
  CHECK_THROWS_AS(contact_sheet(std::vector{view}, {.scale = 1000}), Error);
  CHECK_THROWS_AS(contact_sheet(std::vector(1, SampleView{})), Error);
}

TEST_CASE("captions are whole, on several lines if need be", "[contact_sheet]") {
  SampleView view = sample(identity);
  const ContactSheetOptions options{.columns = 1, .scale = 4, .text_scale = 2};
  const auto sheet = [&](const std::string& caption) {
    view.caption = caption;
    return contact_sheet({&view, 1}, options);
  };
  const Image one = sheet("7"), long_one = sheet("golden retriever → automobile (53%)");
  CHECK(long_one.height > one.height);
  CHECK(long_one.width == one.width);
  // The last letters are there.
  CHECK(long_one.pixels != sheet("golden retriever → automobile (58%)").pixels);
  // With the same room, sheets of other captions are as large: those of an animation.
  ContactSheetOptions roomy = options;
  roomy.letters = 35;
  view.caption = "7";
  CHECK(contact_sheet({&view, 1}, roomy).height == long_one.height);
}
