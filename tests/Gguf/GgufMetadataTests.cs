namespace LocalLlm.Gguf.Tests;

/// <summary>The getters: conversions that fit, fallbacks for missing keys only, and errors that name key, expectation and finding.</summary>
public sealed class GgufMetadataTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly GgufFile _file;

    public GgufMetadataTests()
    {
        RawGguf raw = new RawGguf().Header(tensors: 0, keys: 6)
            .Key("text", 8).Text("words")
            .Key("big", 10).U64(1UL << 40)
            .Key("negative", 5).U32(0xFFFFFFFF)
            .Key("half", 6).U32(0x3F000000)
            .Key("bigs", 9).U32(10).U64(1).U64(1UL << 40)
            .Key("empty", 9).U32(8).U64(0);
        _file = GgufFile.Open(_folder.Write("values.gguf", raw.ToArray()));
    }

    private GgufMetadata Metadata => _file.Metadata;

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_missing_key_gives_the_fallback()
    {
        Assert.False(Metadata.ContainsKey("none"));
        Assert.Equal("x", Metadata.GetString("none", "x"));
        Assert.Null(Metadata.GetString("none", null));
        Assert.Equal(-7, Metadata.GetInt32("none", -7));
        Assert.Equal(7UL, Metadata.GetUInt64("none", 7));
        Assert.Equal(0.5f, Metadata.GetSingle("none", 0.5f));
        Assert.True(Metadata.GetBoolean("none", true));
        Assert.False(Metadata.TryGetString("none", out _));
        Assert.False(Metadata.TryGetStrings("none", out _));
        Assert.False(Metadata.TryGetSingles("none", out _));
        Assert.False(Metadata.TryGetInt32s("none", out _));
        Assert.False(Metadata.TryGetBooleans("none", out _));
        Assert.False(Metadata.TryGetValue("none", out _));
    }

    [Fact]
    public void A_missing_key_without_fallback_is_an_error_that_names_it()
    {
        Action[] gets =
        [
            () => Metadata.GetString("none"), () => Metadata.GetInt32("none"), () => Metadata.GetUInt64("none"),
            () => Metadata.GetSingle("none"), () => Metadata.GetBoolean("none"), () => Metadata.GetStrings("none"), () => Metadata.GetStringBytes("none"),
        ];
        foreach (Action get in gets)
        {
            GgufFormatException error = Assert.Throws<GgufFormatException>(get);
            Assert.Equal(("none", "no such key"), (error.Key, error.Found));
            Assert.Contains("values.gguf", error.Message);
            Assert.Contains("'none'", error.Message);
        }
    }

    [Fact]
    public void A_value_of_another_type_is_an_error_even_with_a_fallback()
    {
        (Action Get, string Key, string Found)[] cases =
        [
            (() => Metadata.GetString("half", "x"), "half", "float32"),
            (() => Metadata.GetInt32("text", 1), "text", "string"),
            (() => Metadata.GetInt32("half", 1), "half", "float32"),
            (() => Metadata.GetUInt64("empty", 1), "empty", "array of string"),
            (() => Metadata.GetSingle("text", 1), "text", "string"),
            (() => Metadata.GetBoolean("big", true), "big", "uint64"),
            (() => Metadata.TryGetStrings("bigs", out _), "bigs", "array of uint64"),
            (() => Metadata.GetStringBytes("bigs"), "bigs", "array of uint64"),
            (() => Metadata.TryGetSingles("empty", out _), "empty", "array of string"),
            (() => Metadata.TryGetInt32s("bigs", out _), "bigs", "array of uint64"),
            (() => Metadata.TryGetBooleans("bigs", out _), "bigs", "array of uint64"),
        ];
        foreach ((Action get, string key, string found) in cases)
        {
            GgufFormatException error = Assert.Throws<GgufFormatException>(get);
            Assert.Equal((key, found), (error.Key, error.Found));
            Assert.NotNull(error.Expected);
            Assert.Contains(error.Expected, error.Message);
        }
    }

    [Fact]
    public void An_integer_out_of_range_is_an_error()
    {
        Assert.Equal("1099511627776", Assert.Throws<GgufFormatException>(() => Metadata.GetInt32("big")).Found);
        Assert.Equal("-1", Assert.Throws<GgufFormatException>(() => Metadata.GetUInt64("negative")).Found);
        Assert.Equal(1UL << 40, Metadata.GetUInt64("big"));
        Assert.Equal(-1, Metadata.GetInt32("negative"));
    }

    [Fact]
    public void An_empty_array_is_an_array() => Assert.Empty(Metadata.GetStrings("empty"));

    [Fact]
    public void Callers_can_report_values_that_make_no_sense_to_them()
    {
        GgufFormatException error = Metadata.Invalid("text", "the value of 'text' is no number of heads", "a number", "words");
        Assert.Equal($"Cannot read '{_file.Paths[0]}': the value of 'text' is no number of heads (expected a number, found words).", error.Message);
        Assert.Equal(("text", "a number", "words", null), (error.Key, error.Expected, error.Found, error.Offset));
    }
}
