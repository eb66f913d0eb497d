"""The portal: a person's and their carer's own view of the record, who looked, and what they let others see."""
