"""What mailboxes on this disk have in common, whatever their files are: archives, mbox files and Maildirs.

`files.py`: files and directories made durably and read without following anybody. `errors.py`: what the disk says, told
as what a mailbox says. `numbers.py`: how messages are numbered. `room.py`: what the disk lets in.
"""
