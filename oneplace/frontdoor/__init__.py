"""The front door: what is asked for, by whom, when it is due and who answers; and the beds under the same roof."""
