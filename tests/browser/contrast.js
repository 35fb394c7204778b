// What is too faint on a page (WCAG 2.2, 1.4.3 and 1.4.11): [what, where, ratio] each. With "hover" all
// that can be below the mouse looks so from then on, with "focus" all that can have the focus.
(state) => {
  const pseudo = { hover: /:hover(?![\w-])/g, focus: /:focus(-visible)?(?![\w-])/g }[state];
  const imitate = (rules) => {
    for (const rule of rules) {
      // what is put in its place matches everything, and weighs as much
      if (rule.selectorText) rule.selectorText = rule.selectorText.replace(pseudo, ":not(.nothing)");
      if (rule.cssRules) imitate(rule.cssRules);
    }
  };
  for (const sheet of pseudo ? document.styleSheets : []) imitate(sheet.cssRules);
  document.styleSheets[0].insertRule("*, ::before, ::after { transition: none !important; }");
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
      known.set(colour, [red, green, blue, alpha / 255]);
    }
    return known.get(colour);
  };
  const over = ([red, green, blue, alpha], ground) =>
    [red, green, blue].map((each, at) => each * alpha + ground[at] * (1 - alpha));
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((each) =>
      each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  // what is behind: of a gradient, the colour of each of its stops
  const grounds = (element) => {
    if (!element) return [[255, 255, 255]];
    const { backgroundColor, backgroundImage } = getComputedStyle(element);
    const plain = grounds(element.parentElement).map((below) => over(rgba(backgroundColor), below));
    const stops = element.matches("nav") ? null : backgroundImage.match(/rgba?\([^)]*\)/g);
    return stops ? stops.flatMap((stop) => plain.map((below) => over(rgba(stop), below))) : plain;
  };
  const faded = (element) =>
    element ? getComputedStyle(element).opacity * faded(element.parentElement) : 1;
  const seen = (colour, element, opacity = 1) => {
    const [red, green, blue, alpha] = rgba(colour);
    const shown = (below) => over([red, green, blue, alpha * opacity], below);
    return Math.min(...grounds(element).map((below) => ratio(shown(below), below)));
  };
  // what only a script puts the focus on needs no frame, nor does the palette's field, where it always is
  const FOCUSABLE = "a[href], button, input:not(.palette *), select, textarea, summary, [tabindex='0']";
  // what a frame of 2 pixels' distance is drawn on
  const around = ({ offsetWidth, offsetHeight, parentElement }) => {
    let found = parentElement;
    while (found !== document.body && (found.offsetWidth < offsetWidth + 4 || found.offsetHeight < offsetHeight + 4))
      found = found.parentElement;
    return found;
  };
  const faint = [];
  const demand = (what, element, found, least) => {
    if (found < least) faint.push([what, element.outerHTML.slice(0, 120), +found.toFixed(2)]);
  };
  const isShown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      && width > 1 && height > 1;
  };
  for (const element of [...document.querySelectorAll("body *")].filter(isShown)) {
    if (element.closest(":disabled, .unseen, .qr")) continue;
    const style = getComputedStyle(element);
    const opacity = faded(element);
    const drawing = element.closest("svg");
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const isLarge = parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.66 : 24);
    if (drawing && element !== drawing) {
      const [fill, stroke] = [style.fill, style.stroke].map((colour) =>
        colour === "none" ? 0 : seen(colour, drawing.parentElement, opacity));
      if (says) demand("text of a drawing", element, fill, 4.5);
      // lines behind the figures are no figures
      else if (!element.matches("g, a, .rule")) demand("drawing", element, Math.max(fill, stroke), 3);
    } else if (says) demand("text", element, seen(style.color, element, opacity), isLarge ? 3 : 4.5);
    if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
      demand("typed", element, seen(style.color, element), 4.5);
      const hint = element.placeholder ? getComputedStyle(element, "::placeholder").color : style.color;
      demand("placeholder", element, seen(hint, element), 4.5);
      // the palette's field is its whole upper edge
      const edge = Math.max(...[style.borderTopColor, style.backgroundColor].map((colour) =>
        seen(colour, element.parentElement)));
      if (!element.closest(".palette")) demand("edge", element, edge, 3);
    }
    const before = getComputedStyle(element, "::before");
    if (before.content === '""' && before.position === "static") {
      const mark = [before.backgroundColor, before.borderTopColor].map((colour) => seen(colour, element));
      demand("mark", element, Math.max(...mark), 3);
    }
    if (state === "focus" && element.matches(FOCUSABLE)) {
      const drawn = style.outlineStyle === "none" ? 1 : seen(style.outlineColor, around(element));
      demand("frame", element, drawn, 3);
    }
  }
  return faint;
}
