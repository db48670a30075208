#include "tests/scenes.h"

#include "tests/scene_parts.h"

namespace fovea::testing {

namespace {

const Scene table[] = {
    {"a clean page", [](Digits d, std::size_t i, Random& r) { return page(d[i], r).image(); }},
    {"cropped to the ink",
     [](Digits d, std::size_t i, Random& r) {
       const Place p = place(r);
       const Box b = ink_box(d[i], p);
       const int margin = static_cast<int>(r.below(6)) - 1;
       return cropped(page(d[i], p), b, margin).image();
     }},
    {"chalk, cropped to it",
     [](Digits d, std::size_t i, Random& r) {
       Place p = place(r);
       p.paper = 40, p.ink = 220;
       return cropped(page(d[i], p), ink_box(d[i], p), 1).image();
     }},
    // Frames, desks, scanners.
    {"frame of a pixel",
     [](Digits d, std::size_t i, Random& r) { return framed(page(d[i], r), 1, 0).image(); }},
    {"28x28, frame of a pixel",
     [](Digits d, std::size_t i, Random&) { return framed(tiny(d[i]), 1, 0).image(); }},
    {"thick frame",
     [](Digits d, std::size_t i, Random& r) {
       return framed(page(d[i], r), r.uniform(4, 16), r.uniform(0, 120)).image();
     }},
    {"white frame, dark ground",
     [](Digits d, std::size_t i, Random& r) {
       return framed(chalk(d[i], r), r.uniform(2, 14), 250).image();
     }},
    {"grey desk",
     [](Digits d, std::size_t i, Random& r) {
       return on_desk(page(d[i], r), 40, 0, 140, 0, r).image();
     }},
    {"dark desk, sheet turned",
     [](Digits d, std::size_t i, Random& r) {
       return on_desk(page(d[i], r), 50, r.uniform(-0.3, 0.3), r.uniform(25, 110), 0, r).image();
     }},
    {"wooden desk",
     [](Digits d, std::size_t i, Random& r) {
       return on_desk(page(d[i], r), 60, r.uniform(-0.2, 0.2), r.uniform(90, 150), 15, r).image();
     }},
    {"one dark scan edge",
     [](Digits d, std::size_t i, Random& r) { return scanned(page(d[i], r), 1, r).image(); }},
    {"three dark scan edges",
     [](Digits d, std::size_t i, Random& r) { return scanned(page(d[i], r), 3, r).image(); }},
    // Boxes and lines.
    {"box in the same pen",
     [](Digits d, std::size_t i, Random& r) {
       return boxed(d[i], r.uniform(8, 20), r.uniform(3, 12), -1, r).image();
     }},
    {"thin printed box",
     [](Digits d, std::size_t i, Random& r) {
       return boxed(d[i], r.uniform(4, 20), r.uniform(1, 3), r.uniform(30, 170), r).image();
     }},
    {"box that cuts the ink",
     [](Digits d, std::size_t i, Random& r) {
       return boxed(d[i], r.uniform(-8, 1), r.uniform(1.5, 4), r.uniform(40, 150), r).image();
     }},
    {"cell of a form", [](Digits d, std::size_t i, Random& r) { return cell(d[i], r).image(); }},
    {"circle round it",
     [](Digits d, std::size_t i, Random& r) {
       const Place p = place(r, 100, 150);
       Sheet s = page(d[i], p);
       const double radius = 0.62 * p.size, thickness = r.uniform(2, 7);
       const double x = p.left + p.size / 2.0, y = p.top + p.size / 2.0;
       for (int n = 0; n < 72; ++n)
         s.line(x + radius * std::cos(n * 0.0873), y + radius * std::sin(n * 0.0873),
                x + radius * std::cos((n + 1) * 0.0873), y + radius * std::sin((n + 1) * 0.0873),
                thickness, p.ink);
       return s.image();
     }},
    {"underlined",
     [](Digits d, std::size_t i, Random& r) {
       const Place p = place(r);
       const Box b = ink_box(d[i], p);
       const double y = b.bottom + r.uniform(6, 20);
       return page(d[i], p)
           .line(b.left - 25, y, b.right + 25, y + r.uniform(-8, 8), r.uniform(2, 8), p.ink)
           .image();
     }},
    {"ruled, pale",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r).rule(r.uniform(30, 70), 0, r.uniform(1, 3), 170, false).image();
     }},
    {"ruled, dark",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r).rule(r.uniform(40, 80), 0, r.uniform(1, 4), 60, false).image();
     }},
    {"ruled, turned",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r)
           .rule(r.uniform(40, 80), r.uniform(-0.08, 0.08), r.uniform(1, 3), r.uniform(60, 150),
                 false)
           .image();
     }},
    {"squared, pale",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r).rule(r.uniform(18, 40), 0, r.uniform(1, 2), 180, true).image();
     }},
    {"squared, dark",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r).rule(r.uniform(24, 50), 0, r.uniform(1, 2), 90, true).image();
     }},
    {"squared, turned",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r)
           .rule(r.uniform(24, 50), r.uniform(-0.06, 0.06), r.uniform(1, 2), r.uniform(90, 170),
                 true)
           .image();
     }},
    {"dotted paper",
     [](Digits d, std::size_t i, Random& r) {
       Sheet s = page(d[i], r);
       const double gap = r.uniform(18, 36), ink = r.uniform(80, 170);
       for (double y = gap / 2; y < side; y += gap)
         for (double x = gap / 2; x < side; x += gap) s.line(x, y, x, y, 3, ink);
       return s.image();
     }},
    {"chalk on ruled board",
     [](Digits d, std::size_t i, Random& r) {
       return chalk(d[i], r).rule(r.uniform(40, 80), 0, r.uniform(1, 3), 130, false).image();
     }},
    // Scraps and dirt.
    {"64x64, four scraps",
     [](Digits d, std::size_t i, Random& r) { return scraps(d, i, 4, r).image(); }},
    {"blots along the edges",
     [](Digits d, std::size_t i, Random& r) {
       return blots(page(d[i], r), 6, 9, 60, r).image();
     }},
    {"punched holes",
     [](Digits d, std::size_t i, Random& r) {
       Place p = place(r, 110, 180);
       p.left = std::max(p.left, 60);
       return page(d[i], p).line(20, 70, 20, 70, 26, 30).line(20, 230, 20, 230, 26, 30).image();
     }},
    {"a fold across",
     [](Digits d, std::size_t i, Random& r) {
       const double y = r.uniform(60, 240);
       return page(d[i], r).line(0, y, side, y + r.uniform(-30, 30), 4, 190).image();
     }},
    // Light.
    {"faint shadow",
     [](Digits d, std::size_t i, Random& r) {
       return shadowed(page(d[i], r), 0.85, 1, r).image();
     }},
    {"deep shadow, hard edge",
     [](Digits d, std::size_t i, Random& r) {
       return shadowed(page(d[i], r), r.uniform(0.4, 0.7), 3, r).image();
     }},
    {"deep shadow, soft edge",
     [](Digits d, std::size_t i, Random& r) {
       return shadowed(page(d[i], r), r.uniform(0.35, 0.7), 60, r).image();
     }},
    {"light from a side",
     [](Digits d, std::size_t i, Random& r) { return lit(page(d[i], r), 0.7, false, r).image(); }},
    {"light in a spot",
     [](Digits d, std::size_t i, Random& r) { return lit(page(d[i], r), 0.7, true, r).image(); }},
    // Grounds and noise.
    {"chalk", [](Digits d, std::size_t i, Random& r) { return chalk(d[i], r).image(); }},
    {"chalk, light from a side",
     [](Digits d, std::size_t i, Random& r) { return lit(chalk(d[i], r), 0.6, false, r).image(); }},
    {"noise",
     [](Digits d, std::size_t i, Random& r) {
       return page(d[i], r).noise(r.uniform(8, 25), r).image();
     }},
    {"pencil, noise, light",
     [](Digits d, std::size_t i, Random& r) {
       Place p = place(r);
       p.paper = 200, p.ink = 120;
       return lit(page(d[i], p), 0.4, false, r).noise(7, r).image();
     }},
    {"photo: desk, shadow, noise",
     [](Digits d, std::size_t i, Random& r) {
       Sheet s = on_desk(page(d[i], r), 50, r.uniform(-0.2, 0.2), r.uniform(40, 130), 10, r);
       return shadowed(lit(s, 0.3, false, r), 0.7, 40, r).noise(5, r).image();
     }},
    {"photo: ruled, shadow, noise",
     [](Digits d, std::size_t i, Random& r) {
       Sheet s = page(d[i], r).rule(r.uniform(40, 70), r.uniform(-0.05, 0.05), 2, 160, false);
       return shadowed(s, 0.7, 40, r).noise(5, r).image();
     }},
};

const Scene doubtful[] = {
    {"white", [](Digits, std::size_t, Random&) { return Sheet(side, side, 255).image(); }},
    {"grey, noise",
     [](Digits, std::size_t, Random& r) {
       return Sheet(side, side, r.uniform(60, 200)).noise(r.uniform(2, 12), r).image();
     }},
    {"light, no ink",
     [](Digits, std::size_t, Random& r) {
       return lit(Sheet(side, side, 240), 0.6, r.uniform() < 0.5, r).noise(3, r).image();
     }},
    {"ruled, no ink",
     [](Digits, std::size_t, Random& r) {
       return Sheet(side, side, 240)
           .rule(r.uniform(30, 70), r.uniform(-0.05, 0.05), r.uniform(1, 3), 120, false)
           .image();
     }},
    {"squared, no ink",
     [](Digits, std::size_t, Random& r) {
       return Sheet(side, side, 240).rule(r.uniform(20, 50), 0, r.uniform(1, 3), 120, true).image();
     }},
    {"an empty box",
     [](Digits, std::size_t, Random& r) {
       return Sheet(side, side, 240).box(60, 50, 240, 250, r.uniform(1, 6), 40).image();
     }},
    {"two digits", [](Digits d, std::size_t i, Random& r) { return row(d, i, 2, 1, r).image(); }},
    {"three digits", [](Digits d, std::size_t i, Random& r) { return row(d, i, 3, 1, r).image(); }},
    {"twelve digits",
     [](Digits d, std::size_t i, Random& r) { return row(d, i, 4, 3, r).image(); }},
    {"cut off at the left",
     [](Digits d, std::size_t i, Random& r) {
       Place p = place(r);
       const Box b = ink_box(d[i], p);
       p.left -= static_cast<int>(b.left + 0.4 * (b.right - b.left));
       return page(d[i], p).image();
     }},
    {"cut off below",
     [](Digits d, std::size_t i, Random& r) {
       Place p = place(r);
       const Box b = ink_box(d[i], p);
       p.top += static_cast<int>(side - b.bottom + 0.4 * (b.bottom - b.top));
       return page(d[i], p).image();
     }},
};

}  // namespace

std::span<const Scene> scenes() {
  return table;
}

std::span<const Scene> doubtful_scenes() {
  return doubtful;
}

}  // namespace fovea::testing
