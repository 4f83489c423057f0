namespace LocalLlm.Engine.Scheduling;

/// <summary>The part of a pass that belongs to one sequence.</summary>
/// <param name="Sequence">Whose.</param>
/// <param name="Tokens">Its tokens that are evaluated, guessed ones included.</param>
/// <param name="Guessed">How many of them are guessed.</param>
internal readonly record struct BatchSlice(ScheduledSequence Sequence, int Tokens, int Guessed);
