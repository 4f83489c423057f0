namespace LocalLlm.Load.Prompts;

/// <summary>Texts of common words in random order: no two begin alike, so that none finds another's prefix in a cache.</summary>
/// <param name="seed">Same seed, same texts.</param>
internal sealed class RandomWords(int seed)
{
    private static readonly string[] s_words =
        ("time year people way day man thing woman life child world school state family student group country problem hand part place case week company " +
        "system program question work government number night point home water room mother area money story fact month lot right study book eye job word " +
        "business issue side kind head house service friend father power hour game line end member law car city community name president team minute idea " +
        "body information back parent face others level office door health person art war history party result change morning reason research girl guy " +
        "moment air teacher force education good new first last long great little own other old right big high different small large next early young " +
        "important few public bad same able be have do say get make go know take see come think look want give use find tell ask seem feel try leave call")
        .Split(' ');

    private readonly Random _random = new(seed);

    /// <summary>A text of some words.</summary>
    public string Next(int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => s_words[_random.Next(s_words.Length)]));

    /// <summary>A number of a range.</summary>
    /// <param name="least">The least.</param>
    /// <param name="most">The greatest.</param>
    public int Between(int least, int most) => _random.Next(least, most + 1);
}
