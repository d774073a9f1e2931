"""What subscribers take home: jobs asked for and looked after, exports, links to them."""
