"""Vision-language models: messages, marked pictures, clients, answers that are checked, and cost.

Nothing here knows how identities are solved: a question goes out with the facts its picture shows,
a checked answer comes back.
"""
