"""Files that are no pictures but speak of pictures: reports, pages, marks, choices, segments, outlines."""
