using Fscrypt.Sim.Conformance;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>Which of the model's releases a kernel is compared with, and whether it is one of them.</summary>
public static class KernelVersionTests
{
    [Theory]
    [InlineData("6.18.44", "v6.18", "v6.18")]
    [InlineData("Linux 6.18.44-fc-v595", "v6.18", "v6.18")]
    [InlineData("5.10.0-35-amd64", "v5.10", "v5.10")]
    [InlineData("6.19.0-rc3+", "v6.19", "v6.19")]
    [InlineData("6.2.16", null, "v6.1")]
    [InlineData("7.0.1", null, "v6.19")]
    [InlineData("4.19.0", null, "v5.4")]
    [InlineData("5.15", null, "v5.11")]
    [InlineData("nonsense", null, "v5.4")]
    public static void A_kernel_is_compared_with_its_own_release_or_the_last_one_before(string text, string? modelled, string compared)
    {
        var version = KernelVersion.Of(text);
        Assert.Equal(modelled, version.Modelled?.Name);
        Assert.Equal(compared, version.ComparedWith.Name);
    }
}
