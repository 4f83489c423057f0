using System.Text;
using LocalLlm.Server.Modelfiles;

namespace LocalLlm.Server.Tests.Modelfiles;

/// <summary>Modelfiles, good and bad.</summary>
public class ModelfileParserTests
{
    /// <summary>A Modelfile, and its instructions one a line: instruction, name, value in brackets, scale.</summary>
    public static TheoryData<string, string> Good => new()
    {
        { "FROM llama3", "From [llama3]" },
        { "from llama3\nFrOm ./b.gguf\n", "From [llama3]\nFrom [./b.gguf]" },
        { "  \t FROM \t llama3 \t \n", "From [llama3]" },
        { "FROM C:\\models\\my model.gguf", "From [C:\\models\\my model.gguf]" },
        { "# comment\n  # FROM x\n\nFROM a # b\n#", "From [a # b]" },
        { "FROM a\r\nSYSTEM b\r\n", "From [a]\nSystem [b]" },
        { "FROM a\rSYSTEM b", "From [a]\nSystem [b]" },
        { "\uFEFFFROM a\nSYSTEM x\u0007y\u0000z".Replace("\0", "", StringComparison.Ordinal), "From [a]\nSystem [xyz]" },

        // Quotes
        { "FROM a\nSYSTEM \"b c\"", "From [a]\nSystem [b c]" },
        { "FROM a\nSYSTEM \"  b  \"  ", "From [a]\nSystem [  b  ]" },
        { "FROM a\nSYSTEM \"b\nc\n# d\"\nPARSER e", "From [a]\nSystem [b\nc\n# d]\nParser [e]" },
        { "FROM a\nSYSTEM \"\"\"b \"c\"\nd\"\"\"", "From [a]\nSystem [b \"c\"\nd]" },
        { "FROM a\nSYSTEM \"\"\"\nb\n\"\"\"\n", "From [a]\nSystem [\nb\n]" },
        { "FROM a\nSYSTEM \"\"\"\n\"\"\"\n", "From [a]\nSystem [\n]" },
        { "FROM a\nSYSTEM \"\"\"b\"\"\" c\nd\"\"\"", "From [a]\nSystem [b\"\"\" c\nd]" },
        { "FROM a\nSYSTEM \"b\" c\nd\"", "From [a]\nSystem [b\" c\nd]" },
        { "FROM a\nSYSTEM \"b\" and \"c\"", "From [a]\nSystem [b\" and \"c]" },
        { "FROM a\nSYSTEM b \"c\"", "From [a]\nSystem [b \"c\"]" },
        { "FROM a\nSYSTEM 'b'", "From [a]\nSystem ['b']" },
        { "FROM a\nSYSTEM \"\\n\"", "From [a]\nSystem [\\n]" },
        { "FROM a\nSYSTEM \"\"", "From [a]\nSystem []" },
        { "FROM a\nSYSTEM \"\"\"\"\"\"", "From [a]\nSystem []" },
        { "FROM a\nSYSTEM", "From [a]\nSystem []" },
        { "FROM a\nSYSTEM \"\n\"", "From [a]\nSystem [\n]" },
        { "FROM \"a\"", "From [a]" },
        { "FROM a\nTEMPLATE \"\"\"{{ if .System }}{{ .System }}\r\n{{ end }}\"\"\"", "From [a]\nTemplate [{{ if .System }}{{ .System }}\n{{ end }}]" },

        // Instructions
        { "FROM a\nPARAMETER temperature 0.7\nPARAMETER stop \"\n\"\nparameter Stop <|x|>\nPARAMETER num_ctx \"4096\"", "From [a]\nParameter temperature [0.7]\nParameter stop [\n]\nParameter stop [<|x|>]\nParameter num_ctx [4096]" },
        { "FROM a\nMESSAGE user hi there\nMESSAGE assistant \"\"\"a\nb\"\"\"\nMESSAGE system \"\"", "From [a]\nMessage user [hi there]\nMessage assistant [a\nb]\nMessage system []" },
        { "FROM a\nMESSAGE \t user: hi\n".Replace("user:", "user", StringComparison.Ordinal), "From [a]\nMessage user [hi]" },
        { "FROM a\nRENDERER r\nPARSER p\nREQUIRES v0.14.0\nDRAFT ./d\nLICENSE l1\nLICENSE \"\"\"l2\"\"\"", "From [a]\nRenderer [r]\nParser [p]\nRequires [0.14.0]\nDraft [./d]\nLicense [l1]\nLicense [l2]" },
        { "FROM a\nREQUIRES 0.14.0-rc.1+b5", "From [a]\nRequires [0.14.0-rc.1+b5]" },
        { "ADAPTER ./x.gguf\nFROM a", "Adapter [./x.gguf]\nFrom [a]" },
        { "FROM a\nADAPTER ./x y.gguf 0.5\nADAPTER \"./x 2\"\nADAPTER \"./x 2\" -1e-1\nADAPTER 7", "From [a]\nAdapter [./x y.gguf] 0.5\nAdapter [./x 2]\nAdapter [./x 2] -0.1\nAdapter [7]" },
        { "FROM a\nADAPTER \"\"\"./x\"\"\" 1\nADAPTER ./v1.5", "From [a]\nAdapter [./x] 1\nAdapter [./v1.5]" },
    };

    public static TheoryData<string, int, string> Bad => new()
    {
        { "FORM llama3", 1, "(line 1): command must be one of \"from\", \"license\", \"template\", \"system\", \"adapter\", \"draft\", \"renderer\", \"parser\", \"parameter\", \"message\", or \"requires\", but this line begins with \"FORM\"" },
        { "FROM a\n\nSYSTEM b\nc", 4, "begins with \"c\"" },
        { "FROM a\r\n\r\nFROM: b", 3, "begins with \"FROM:\"" },
        { "SYSTEM x", 0, "no FROM line" },
        { "", 0, "no FROM line" },
        { "FROM", 1, "FROM needs a model or a path" },
        { "FROM \"\"", 1, "FROM needs a model or a path" },
        { "FROM a\nADAPTER", 2, "ADAPTER needs a value" },
        { "FROM a\nSYSTEM \"b\n\nc", 2, "unexpected EOF" },
        { "FROM a\nSYSTEM \"\"\"b\"\"", 2, "no line that ends with \"\"\"" },
        { "FROM a\nSYSTEM \"", 2, "unexpected EOF" },
        { "FROM a\nPARAMETER", 2, "PARAMETER needs a name and a value" },
        { "FROM a\nPARAMETER temperature", 2, "PARAMETER needs a name and a value" },
        { "FROM a\nPARAMETER temprature 1", 2, "unknown parameter 'temprature'; did you mean 'temperature'?" },
        { "FROM a\nPARAMETER xyzzy 1", 2, "unknown parameter 'xyzzy'" },
        { "FROM a\nPARAMETER temperature warm", 2, "invalid float value [warm]: temperature takes a number such as 0.7" },
        { "FROM a\nPARAMETER temperature NaN", 2, "invalid float value" },
        { "FROM a\nPARAMETER num_ctx 4096.5", 2, "invalid int value [4096.5]: num_ctx takes a whole number" },
        { "FROM a\nPARAMETER num_ctx 99999999999999999999", 2, "invalid int value" },
        { "FROM a\nPARAMETER use_mmap maybe", 2, "invalid bool value [maybe]: use_mmap takes true or false" },
        { "FROM a\nMESSAGE", 2, "MESSAGE needs a role and a text" },
        { "FROM a\nMESSAGE robot hi", 2, "message role must be one of \"system\", \"user\", or \"assistant\", not \"robot\"" },
        { "FROM a\nMESSAGE User hi", 2, "message role must be one of" },
        { "FROM a\nREQUIRES soon", 2, "requires must be a valid semver (e.g. 0.14.0), not \"soon\"" },
        { "FROM a\nREQUIRES 01.2.3", 2, "requires must be a valid semver" },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void Reads(string text, string expected) => Assert.Equal(expected, Describe(ModelfileParser.Parse(text).Commands));

    [Theory]
    [MemberData(nameof(Bad))]
    public void Refuses(string text, int line, string message)
    {
        ModelfileException exception = Assert.Throws<ModelfileException>(() => ModelfileParser.Parse(text));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(line, exception.Line);
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void What_is_written_reads_back_the_same(string text, string expected)
    {
        string written = ModelfileWriter.Write(ModelfileParser.Parse(text).Commands);
        Assert.Equal(expected, Describe(ModelfileParser.Parse(written).Commands));
        Assert.Equal(written, ModelfileWriter.Write(ModelfileParser.Parse(written).Commands));
    }

    [Theory]
    [InlineData("utf-8", false)]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    public void Encodings_are_told_by_their_mark(string name, bool marks)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. marks ? encoding.GetPreamble() : [], .. encoding.GetBytes("FROM a\nSYSTEM Größe 日本 😀")];
        Assert.Equal("Größe 日本 😀", ModelfileParser.Parse(bytes).System);
    }

    [Fact]
    public void Old_encodings_are_not_in_the_way() =>
        Assert.Equal("\uFFFD 2026", ModelfileParser.Parse([.. "FROM a\nLICENSE "u8, 0xA9, .. " 2026"u8]).Licenses[0]);

    [Fact]
    public void A_model_is_no_Modelfile()
    {
        Assert.Contains("GGUF", Assert.Throws<ModelfileException>(() => ModelfileParser.Parse("GGUF\u0003\0\0\0"u8)).Message, StringComparison.Ordinal);
        Assert.Contains("binary", Assert.Throws<ModelfileException>(() => ModelfileParser.Parse("ELF\0"u8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_are_counted_from_where_an_instruction_begins() =>
        Assert.Equal([2, 5], ModelfileParser.Parse("\nFROM a\n# c\n\nSYSTEM \"b\nc\"").Commands.Select(command => command.Line));

    [Fact]
    public void A_long_value_takes_time_in_proportion()
    {
        string license = string.Concat(Enumerable.Repeat("a line with \"quotes\" in it\n", 200_000));
        Assert.Equal(license, ModelfileParser.Parse($"FROM a\nLICENSE \"\"\"{license}\"\"\"").Licenses[0]);
    }

    private static string Describe(IEnumerable<ModelfileCommand> commands) => string.Join('\n', commands.Select(command =>
        $"{command.Instruction} {command.Name}{(command.Name.Length > 0 ? " " : "")}[{command.Value}]{(command.Scale is { } scale ? $" {scale}" : "")}"));
}
