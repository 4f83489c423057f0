using Xunit.Abstractions;
using Xunit.Sdk;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>
/// A theory whose data is made by <c>tests/oracles/tokenizers/run.sh</c>, which names its folder in <c>LOCALLLM_ORACLES</c>. Without
/// the variable there is no such test, neither passed nor skipped: an ordinary run needs no npm. The script checks that they ran.
/// </summary>
[XunitTestCaseDiscoverer("LocalLlm.Engine.Tests.Tokenization.OracleTheoryDiscoverer", "LocalLlm.Engine.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class OracleTheoryAttribute : TheoryAttribute
{
    /// <summary>The folder with the data; null in an ordinary run.</summary>
    public static string? Folder => Environment.GetEnvironmentVariable("LOCALLLM_ORACLES") is { Length: > 0 } folder ? folder : null;
}

/// <summary>Finds the cases of an <see cref="OracleTheoryAttribute"/>.</summary>
public sealed class OracleTheoryDiscoverer(IMessageSink diagnosticMessageSink) : TheoryDiscoverer(diagnosticMessageSink)
{
    public override IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        OracleTheoryAttribute.Folder is null ? [] : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}
