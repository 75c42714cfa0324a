/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;
import static org.testng.Assert.assertTrue;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.nio.file.Path;
import java.util.List;

/** What the documentation shows compiles. */
public class ReadmeTest {

    @DataProvider
    public Object[][] files() {
        return new Object[][] {{Path.of("..", "README.md")}, {Path.of("README.md")}};
    }

    @Test(dataProvider = "files")
    public void javaBlocksCompile(Path file) {
        List<MarkdownJava> blocks = MarkdownJava.of(file);
        assertFalse(blocks.isEmpty());
        assertEquals(String.join("\n", MarkdownJava.compile(blocks)), "");
    }

    @Test
    public void anErrorIsFound() {
        MarkdownJava block =
                new MarkdownJava("X.md:1", "NDArray x", List.of("int i = x.noSuchMethod();"));
        List<String> errors = MarkdownJava.compile(List.of(block));
        assertEquals(errors.size(), 1);
        assertTrue(errors.get(0).startsWith("X.md:1: cannot find symbol"), errors.get(0));
    }
}
