namespace LocalLlm.Engine.Encoders;

/// <summary>Texts that are ready for a pass, in the order of their lengths. Not safe for several threads.</summary>
internal sealed class TextWindow
{
    // Ascending; of equal lengths the oldest stands last.
    private readonly List<EncoderText> _texts = [];

    /// <summary>Number of texts.</summary>
    public int Count => _texts.Count;

    /// <summary>Tokens of all texts together.</summary>
    public int Tokens { get; private set; }

    /// <summary>Adds a text.</summary>
    public void Add(EncoderText text)
    {
        _texts.Insert(FirstOf(text.Length), text);
        Tokens += text.Length;
    }

    /// <summary>Where the text stands whose length is closest to a given one; of two that are equally close the shorter. -1 if there is none.</summary>
    /// <param name="length">The given length.</param>
    /// <param name="most">Longer texts do not count.</param>
    public int Closest(int length, int most)
    {
        int below = FirstOf(Math.Min(length, most) + 1) - 1;
        int above = below + 1 < _texts.Count && _texts[below + 1].Length <= most ? FirstOf(_texts[below + 1].Length + 1) - 1 : -1;
        return above < 0 ? below
            : below < 0 || _texts[above].Length - length < length - _texts[below].Length ? above
            : below;
    }

    /// <summary>Tokens of the text at a place.</summary>
    public int LengthAt(int place) => _texts[place].Length;

    /// <summary>Takes the text at a place out.</summary>
    public EncoderText Take(int place)
    {
        EncoderText text = _texts[place];
        _texts.RemoveAt(place);
        Tokens -= text.Length;
        return text;
    }

    /// <summary>Place of the first text that is at least so long.</summary>
    private int FirstOf(int length)
    {
        int low = 0, high = _texts.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_texts[middle].Length < length)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }
}
