"""Average precision once more, written slowly after the text of the COCO evaluation and nothing else: the judge of the quick one."""

IOUS = [0.5 + 0.05 * n for n in range(10)]


def overlap(a, b):
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    inner = wide * high
    union = max(0.0, a[2] - a[0]) * max(0.0, a[3] - a[1]) + max(0.0, b[2] - b[0]) * max(0.0, b[3] - b[1]) - inner
    return inner / union if union else 0.0


def hits_of(given, true, least):
    """[(score, is it right)] of one image and class; given: [(box, score)] by falling score."""
    taken, found = set(), []
    for box, score in given:
        best, best_overlap = None, least
        for n, real in enumerate(true):
            if n not in taken and overlap(box, real) >= best_overlap:
                best, best_overlap = n, overlap(box, real)
        if best is not None:
            taken.add(best)
        found.append((score, best is not None))
    return found


def ap(images, least, most):
    """images: [(detections [(box, score)], true boxes)] of one class. None where there is no true box."""
    total = sum(len(true) for _, true in images)
    if not total:
        return None
    hits = []
    for given, true in images:
        hits += hits_of(sorted(given, key=lambda one: -one[1])[:most], true, least)
    hits.sort(key=lambda one: -one[0])
    curve, right = [], 0
    for n, (_, is_right) in enumerate(hits, 1):
        right += is_right
        curve.append((right / total, right / n))
    levels = [n / 100 for n in range(101)]
    return sum(max((p for r, p in curve if r >= level - 1e-12), default=0.0) for level in levels) / 101


def mean_ap(images_by_class, levels, most=100):
    found = [[ap(images, level, most) for level in levels] for images in images_by_class]
    known = [value for row in found for value in row if value is not None]
    return sum(known) / len(known) if known else 0.0
