/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Kind;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.nio.file.Files;
import java.util.stream.Stream;

/** The training command, on every engine, with every loss. */
public class TrainIT {

    private static final String OUT = Cli.PICTURES.toString();

    @DataProvider
    public Object[][] losses() {
        return Stream.of(Cli.engines())
                .flatMap(
                        engine ->
                                Declarations.withRecipe().stream()
                                        .map(loss -> new Object[] {engine[0], loss.name()}))
                .toArray(Object[][]::new);
    }

    @Test
    public void enginesAgreeOnTheDigits() throws Exception {
        double[] accuracies =
                Stream.of(Cli.engines())
                        .mapToDouble(
                                engine -> accuracy(Cli.print("train", engine[0], "--out", OUT)))
                        .toArray();
        for (double accuracy : accuracies) {
            assertTrue(accuracy > 95, "accuracy " + accuracy);
            assertEquals(accuracy, accuracies[0], 1);
        }
        assertTrue(Files.size(Cli.PICTURES.resolve("train-digits-CrossEntropyLoss.png")) > 5000);
    }

    @Test(dataProvider = "losses")
    public void everyLossThatFitsTrains(String engine, String loss) {
        String out =
                Cli.print(
                        "train",
                        engine,
                        "--out",
                        OUT,
                        "--data",
                        "breast-cancer",
                        "--epochs",
                        "3",
                        "--loss",
                        loss);
        // Three epochs: some losses only begin to learn, but none diverges.
        assertTrue(accuracy(out) > 60, out);
    }

    @Test
    public void aSeedDecidesTheRun() {
        String[] few = {"--out", OUT, "--epochs", "2", "--seed", "7"};
        String first = Cli.print("train", "PyTorch", few);
        assertEquals(Cli.print("train", "PyTorch", few), first);
        few[5] = "8";
        assertTrue(!Cli.print("train", "PyTorch", few).equals(first));
    }

    @Test
    public void everyLossOfTheCatalogHasARecipeOrAReason() {
        assertTrue(Declarations.withRecipe().size() > 20);
        for (Declaration loss : Declarations.all()) {
            Kind kind = loss.kind();
            assertEquals(kind.recipe().isEmpty(), !kind.withoutRecipe().isBlank(), loss.name());
        }
    }

    private static double accuracy(String out) {
        return Cli.numbers(out, "^Validation accuracy ([0-9.]+) %")[0];
    }
}
