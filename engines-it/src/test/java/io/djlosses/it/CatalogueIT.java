/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.fail;

import ai.djl.training.loss.Loss;

import io.djlosses.Losses;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every loss has a factory, golden rows for each of its options, and its formula in the Javadoc.
 */
public class CatalogueIT {

    /** Losses without golden rows, with what proves them instead. */
    private static final Map<String, String> WITHOUT_ROWS =
            Map.of(
                    "MultiLabelLoss", "made of other losses: RegularizationIT",
                    "WeightedSumLoss", "made of other losses: RegularizationIT",
                    "L1Regularization", "a function of parameters: RegularizationIT",
                    "L2Regularization", "a function of parameters: RegularizationIT",
                    "ElasticNetRegularization", "a function of parameters: RegularizationIT",
                    "AdaptiveLogSoftmaxLoss", "belongs to a block: AdaptiveSoftmaxIT");

    /** Golden files of what is no loss of one name, with the test that reads them. */
    private static final Map<String, String> WITHOUT_LOSS =
            Map.of("AdaptiveLogSoftmaxWithLoss", "a block: AdaptiveSoftmaxIT");

    /** Options that no golden row can set, with what proves them instead. */
    private static final Map<String, String> WITHOUT_OPTION_ROWS =
            Map.of(
                    "TripletMarginWithDistanceLoss.distanceFunction", "a function: DifferencesIT",
                    "SampledSoftmaxLoss.sampler", "draws at random: DifferencesIT",
                    "SampledSoftmaxLoss.unique", "draws at random: DifferencesIT",
                    "SampledSoftmaxLoss.seed", "draws at random: DifferencesIT",
                    "LinearCrossEntropyLoss.chunkSize",
                            "changes nothing but memory: DifferencesIT");

    private static final Path SOURCES = Path.of("..", "losses", "src", "main", "java");

    @DataProvider
    public Object[][] losses() {
        return Catalogue.losses().stream()
                .map(loss -> new Object[] {loss})
                .toArray(Object[][]::new);
    }

    @Test
    public void theCatalogueIsFound() {
        assertTrue(Catalogue.losses().size() >= 4, "found " + Catalogue.losses());
        assertTrue(GoldenRow.files().size() >= 38, "found " + GoldenRow.files().keySet());
    }

    @Test(dataProvider = "losses")
    public void theFacadeMakesIt(Class<? extends Loss> loss) {
        List<Method> factories =
                Arrays.stream(Losses.class.getMethods())
                        .filter(method -> method.getReturnType() == loss)
                        .toList();
        assertFalse(factories.isEmpty(), "Losses has no method that returns " + loss);
        if (WITHOUT_ROWS.containsKey(loss.getSimpleName())) {
            return; // what it is made of has to be named
        }
        // One, of what the loss requires; a name is an option of the builder.
        assertEquals(factories.size(), 1, "factories of " + loss + ": " + factories);
        Method factory = factories.get(0);
        assertFalse(List.of(factory.getParameterTypes()).contains(String.class), "" + factory);
        if (factory.getParameterCount() == 0) {
            Loss made = (Loss) Catalogue.call(factory, null);
            assertEquals(made.getName(), loss.getSimpleName());
        }
    }


    @Test(dataProvider = "losses")
    public void goldenRowsSetEveryOption(Class<? extends Loss> loss) {
        String name = loss.getSimpleName();
        List<GoldenRow> rows = GoldenRow.of(loss);
        if (WITHOUT_ROWS.containsKey(name)) {
            assertTrue(rows.isEmpty(), name + " has golden rows, so take it off the exceptions");
            return;
        }
        assertFalse(rows.isEmpty(), name + " has no golden rows");
        Set<String> set =
                rows.stream()
                        .flatMap(row -> row.options().keySet().stream())
                        .collect(Collectors.toCollection(TreeSet::new));
        for (Method option : Catalogue.ownOptions(loss)) {
            String own = Catalogue.option(option);
            boolean excepted = WITHOUT_OPTION_ROWS.containsKey(name + "." + own);
            assertTrue(set.contains(own) || excepted, "no golden row of " + name + " sets " + own);
        }
        if (set.contains("reduction")) {
            Set<String> reductions =
                    rows.stream()
                            .filter(row -> row.has("reduction"))
                            .map(row -> row.options().get("reduction").getAsString())
                            .collect(Collectors.toCollection(TreeSet::new));
            assertTrue(
                    reductions.containsAll(Set.of("NONE", "SUM", "MEAN")),
                    "the golden rows of " + name + " reduce by " + reductions + " only");
        }
    }

    @Test
    public void everyGoldenFileHasItsLoss() {
        Set<String> missing = new TreeSet<>(GoldenRow.files().keySet());
        Catalogue.losses().forEach(loss -> missing.remove(loss.getSimpleName()));
        missing.removeAll(WITHOUT_LOSS.keySet());
        assertEquals(missing.toString(), "[]", "golden files without a loss");
    }

    @Test
    public void exceptionsAreNotForgotten() {
        Set<String> names =
                Catalogue.losses().stream().map(Class::getSimpleName).collect(Collectors.toSet());
        for (String exception : WITHOUT_ROWS.keySet()) {
            assertTrue(names.contains(exception), exception + " does not exist");
        }
    }

    @Test(dataProvider = "losses")
    public void theDocumentsTellOfIt(Class<? extends Loss> loss) throws IOException {
        String name = loss.getSimpleName();
        String catalogue = Files.readString(Path.of("..", "CATALOGUE.md"));
        long rows = catalogue.lines().filter(row -> row.startsWith("| `" + name + "` |")).count();
        assertEquals(rows, 1L, "rows of " + name + " in CATALOGUE.md");
        String readme = Files.readString(Path.of("..", "README.md"));
        boolean penalty = name.endsWith("Regularization");
        assertTrue(penalty || readme.contains(name), "README.md does not mention " + name);
    }

    @Test(dataProvider = "losses")
    public void theJavadocTellsTheFormula(Class<? extends Loss> loss) throws IOException {
        Path source = SOURCES.resolve(loss.getName().replace('.', '/') + ".java");
        String text = Files.readString(source);
        int declaration = text.indexOf("\npublic final class " + loss.getSimpleName());
        assertTrue(declaration > 0, source + " declares no public final class of its name");
        String comment = text.substring(text.indexOf("/**"), declaration);
        int formula = comment.indexOf("<pre>{@code");
        int shapes = comment.indexOf("<h2>");
        if (formula < 0 || (shapes >= 0 && formula > shapes)) {
            fail(source + " shows no formula in <pre>{@code before its first heading");
        }
        String block = comment.substring(formula, comment.indexOf("}</pre>", formula));
        assertTrue(block.contains("="), source + " shows no equation:\n" + block);
        if (!WITHOUT_ROWS.containsKey(loss.getSimpleName())) {
            for (String part :
                    new String[] {"labels: [", "predictions: [", "Equivalent to", "Example"}) {
                assertTrue(comment.contains(part), source + " lacks '" + part + "'");
            }
        }
    }

    @Test
    public void noFileIsLeftOut() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<String> sources =
                    files.map(path -> path.getFileName().toString())
                            .filter(file -> file.matches(".*(Loss|Logits|Regularization)\\.java"))
                            .map(file -> file.replace(".java", ""))
                            .toList();
            Set<String> found =
                    Catalogue.losses().stream()
                            .map(Class::getSimpleName)
                            .collect(Collectors.toSet());
            for (String source : sources) {
                assertTrue(
                        found.contains(source) || WITHOUT_LOSS.containsKey(source),
                        source + " is no public loss");
            }
        }
    }
}
