"""The models: each file may define several; all are found by being here."""
