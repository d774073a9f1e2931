"""The offline viewer of an archive: pages that any browser shows, in ten years too, without software or network."""
